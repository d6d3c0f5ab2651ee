import { describe, expect, it } from "vitest";
import type { AdmitPage, RecordPage } from "@/lib/core/ports/table-source";
import { createManualClock } from "@/lib/platform/testing/manual-clock";
import { OpenBudget } from "./open-budget";
import { ReadAhead } from "./read-ahead";

const mebibyte = 1024 * 1024;

/** A source that answers when it is told to. */
function createReader(budgetBytes = 512 * mebibyte) {
  const clock = createManualClock();
  const budget = new OpenBudget(budgetBytes);
  const asked: string[] = [];
  const answers: { give: (page: Partial<RecordPage>) => Promise<void>; fail: () => void }[] = [];
  const read = (checkpoint: string, admit: AdmitPage) =>
    new Promise<RecordPage>((resolve, reject) => {
      asked.push(checkpoint);
      const give = async (page: Partial<RecordPage>) => {
        const whole = { recordCount: 1, byteLength: mebibyte, next: "end", finished: false };
        await admit(page.byteLength ?? mebibyte);
        resolve({ ...whole, mayHaveMore: false, ...page } as RecordPage);
      };
      answers.push({ give, fail: () => reject(new Error("no answer")) });
    });
  const pages = new ReadAhead({ read, budget, clock });
  const forever = new AbortController().signal;
  const next = (checkpoint: string, untilMs: number | null = null, wake = forever) =>
    pages.next(checkpoint, { untilMs, wake });
  return { clock, budget, asked, answers, pages, next };
}

describe("reading a channel page by page", () => {
  it("says how long the source took", async () => {
    const { clock, answers, next } = createReader();
    const reading = next("a");
    await clock.move(700);
    await answers[0]?.give({ next: "b" });
    expect(await reading).toMatchObject({ page: { next: "b" }, tookMs: 700 });
  });

  it("waits no longer than the open batch may, and goes on with the same read afterwards (D5)", async () => {
    const { clock, asked, answers, next } = createReader();
    const reading = next("a", 1_000);
    await clock.move(999);
    await clock.move(1);
    expect(await reading).toBe(null);
    const again = next("a", null);
    await answers[0]?.give({ next: "b" });
    expect(await again).toMatchObject({ page: { next: "b" } });
    expect(asked).toEqual(["a"]);
  });

  it("keeps to the deadline of the batch that is open now", async () => {
    const { clock, next } = createReader();
    const first = next("a", 1_000);
    await clock.move(1_000);
    expect(await first).toBe(null);
    const second = next("a", 3_000);
    let isOver = false;
    void second.then(() => {
      isOver = true;
    });
    await clock.move(1_999);
    expect(isOver).toBe(false);
    await clock.move(1);
    expect(await second).toBe(null);
  });

  it("ends its wait when something else is wanted of it", async () => {
    const { asked, next } = createReader();
    const wanted = new AbortController();
    const reading = next("a", null, wanted.signal);
    wanted.abort();
    expect(await reading).toBe(null);
    expect(await next("a", null, wanted.signal)).toBe(null);
    expect(asked).toEqual(["a"]);
  });

  it("reads one page ahead, and holds both until they are done with", async () => {
    const { budget, asked, answers, pages, next } = createReader();
    const reading = next("a");
    await answers[0]?.give({ next: "b", mayHaveMore: true });
    await reading;
    expect(asked).toEqual(["a", "b"]);
    await answers[1]?.give({ next: "c" });
    expect(budget.heldBytes).toBe(2 * mebibyte);
    expect(await next("b")).toMatchObject({ page: { next: "c" } });
    expect(budget.heldBytes).toBe(mebibyte);
    pages.drop();
    expect(budget.heldBytes).toBe(0);
  });

  it("holds nothing of an answer that comes after it was dropped", async () => {
    const { budget, answers, pages, next } = createReader();
    const wanted = new AbortController();
    const reading = next("a", null, wanted.signal);
    wanted.abort();
    await reading;
    pages.drop();
    await answers[0]?.give({});
    expect(budget.heldBytes).toBe(0);
  });

  it("looks after the open batch while a page has no place in memory", async () => {
    const { clock, budget, answers, next } = createReader(8 * mebibyte);
    budget.hold("another", 7 * mebibyte);
    const reading = next("a");
    const given = answers[0]?.give({ byteLength: 4 * mebibyte, next: "b" });
    await clock.move(0);
    await clock.move(250);
    expect(await reading).toBe(null);
    budget.hold("another", 0);
    await given;
    expect(await next("a")).toMatchObject({ page: { next: "b" } });
  });

  it("reads again after a read that failed", async () => {
    const { asked, answers, next } = createReader();
    const reading = next("a");
    answers[0]?.fail();
    await expect(reading).rejects.toThrow("no answer");
    const again = next("a");
    await answers[1]?.give({ next: "b" });
    expect(await again).toMatchObject({ page: { next: "b" } });
    expect(asked).toEqual(["a", "a"]);
  });
});
