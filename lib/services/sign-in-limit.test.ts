import { describe, expect, it } from "vitest";
import { accountsMax, attemptsMax, createSignInLimit, windowMs } from "./sign-in-limit";

function tryTimes(limit: ReturnType<typeof createSignInLimit>, account: string, times: number) {
  return Array.from({ length: times }, () => limit.begin(account)).filter(Boolean).length;
}

describe("sign-in limit", () => {
  it("lets so many attempts at an account through in a window, and more as they age", () => {
    let now = 0;
    const limit = createSignInLimit(() => now);
    expect(tryTimes(limit, "a@b.c", attemptsMax + 5)).toBe(attemptsMax);
    now = windowMs - 1;
    expect(limit.begin("a@b.c")).toBe(false);
    now = windowMs;
    expect(tryTimes(limit, "a@b.c", attemptsMax + 5)).toBe(attemptsMax);
  });

  it("takes another spelling of the address for the same account, and another account for another", () => {
    const limit = createSignInLimit(() => 0);
    tryTimes(limit, "a@b.c", attemptsMax);
    expect(limit.begin("A@B.C")).toBe(false);
    expect(limit.begin("d@b.c")).toBe(true);
  });

  it("forgets an account's attempts when one succeeds", () => {
    const limit = createSignInLimit(() => 0);
    for (let round = 0; round < 3; round += 1) {
      expect(tryTimes(limit, "a@b.c", attemptsMax)).toBe(attemptsMax);
      limit.succeeded("a@b.c");
    }
  });

  it("remembers a bounded number of accounts, the longest unused going first", () => {
    const limit = createSignInLimit(() => 0);
    tryTimes(limit, "kept@b.c", attemptsMax);
    tryTimes(limit, "lost@b.c", attemptsMax);
    for (let n = 0; n < accountsMax - 1; n += 1) {
      if (n % 1000 === 0) expect(limit.begin("kept@b.c")).toBe(false);
      limit.begin(`${n}@b.c`);
    }
    expect(limit.begin("kept@b.c")).toBe(false);
    expect(limit.begin("lost@b.c")).toBe(true);
  });
});
