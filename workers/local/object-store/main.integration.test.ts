import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findFreePort } from "@/lib/platform/free-port";

let directory: string;
let port: number;
let started: ChildProcess[];

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "culvert-object-store-main-"));
  port = await findFreePort("127.0.0.1");
  started = [];
});
afterEach(async () => {
  for (const child of started) child.kill("SIGKILL");
  await rm(directory, { recursive: true, force: true });
});

function start(overrides: Record<string, string> = {}) {
  const main = path.join(import.meta.dirname, "main.ts");
  const child = spawn(process.execPath, ["--import", "tsx", main], {
    stdio: ["pipe", "ignore", "pipe"],
    env: {
      ...process.env,
      OBJECT_STORE_PORT: `${port}`,
      OBJECT_STORE_DATA: directory,
      OBJECT_STORE_ACCESS_KEY_ID: "main-key",
      OBJECT_STORE_SECRET_ACCESS_KEY: "main-secret-key",
      ...overrides,
    },
  });
  started.push(child);
  let output = "";
  child.stderr.on("data", (data: Buffer) => {
    output += data;
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return { child, ended, output: () => output };
}

async function untilServing(): Promise<void> {
  await expect
    .poll(
      () =>
        fetch(`http://127.0.0.1:${port}/health`).then(
          (a) => a.status,
          () => 0,
        ),
      {
        timeout: 20_000,
      },
    )
    .toBe(200);
}

describe("the object store's process", () => {
  it("serves, and ends by itself on SIGTERM", async () => {
    const { child, ended } = start();
    await untilServing();
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
  });

  it("ends when its supervisor's pipe closes", async () => {
    const { child, ended } = start({ CULVERT_SUPERVISED: "1" });
    await untilServing();
    child.stdin?.end();
    expect(await ended).toBe(0);
  });

  it("names the setting when its port is taken", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(port, "127.0.0.1", resolve));
    const { ended, output } = start();
    expect(await ended).toBe(1);
    expect(output()).toContain("OBJECT_STORE_PORT");
    taken.close();
  });

  it("names every setting that cannot work, and no secret", async () => {
    const { ended, output } = start({
      OBJECT_STORE_SECRET_ACCESS_KEY: "short",
      OBJECT_STORE_EXTRA_KEYS: "not JSON",
    });
    expect(await ended).toBe(1);
    expect(output()).toContain("OBJECT_STORE_SECRET_ACCESS_KEY");
    expect(output()).toContain("OBJECT_STORE_EXTRA_KEYS");
    expect(output()).not.toContain("short\n");
    expect(output()).not.toContain("not JSON");
  });
});
