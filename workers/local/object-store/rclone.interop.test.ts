import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestStore, testKey, testRegion } from "./testing/start-test-store";

const run = promisify(execFile);
const commandTimeoutMs = 120_000;

let store: Awaited<ReturnType<typeof startTestStore>>;
let directory: string;
let source: string;

/** rclone comes from Debian; on another system it has to be there already. */
async function installRclone(): Promise<void> {
  try {
    await run("rclone", ["version"]);
    return;
  } catch {
    // Not there yet.
  }
  try {
    const options = {
      timeout: 300_000,
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    };
    await run("apt-get", ["update"], options);
    await run("apt-get", ["install", "-y", "--no-install-recommends", "rclone"], options);
  } catch (cause) {
    throw new Error("This test needs rclone: install it, or run as root on Debian", { cause });
  }
}

async function rclone(...parameters: string[]): Promise<string> {
  const { stdout, stderr } = await run("rclone", parameters, {
    timeout: commandTimeoutMs,
    // Nothing of this machine's own settings for AWS, rclone or proxies.
    env: {
      PATH: process.env.PATH,
      HOME: directory,
      RCLONE_CONFIG: path.join(directory, "rclone.conf"),
      RCLONE_CONFIG_STORE_TYPE: "s3",
      RCLONE_CONFIG_STORE_PROVIDER: "Other",
      RCLONE_CONFIG_STORE_ENDPOINT: store.endpoint,
      RCLONE_CONFIG_STORE_REGION: testRegion,
      RCLONE_CONFIG_STORE_ACCESS_KEY_ID: testKey.accessKeyId,
      RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY: testKey.secretAccessKey,
      RCLONE_S3_UPLOAD_CUTOFF: "8M",
      RCLONE_S3_CHUNK_SIZE: "5M",
    } as Partial<NodeJS.ProcessEnv> as NodeJS.ProcessEnv,
  });
  return stdout + stderr;
}

async function plantTree(root: string): Promise<void> {
  const files: Record<string, number> = {
    "empty.bin": 0,
    "one.bin": 1,
    "2026/11/20/orders_0_2026_11_20__1": 70_000,
    "2026/11/20/orders_0_2026_11_20__2": 300_000,
    "spaces and ü+%20 #&.txt": 1_000,
    "deep/a/b/c/d/e/f": 10,
    "large.bin": 23 * 1024 * 1024 + 17,
  };
  for (let number = 0; number < 40; number += 1) files[`many/${number}`] = 100 + number;
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), randomBytes(bytes));
  }
}

beforeAll(async () => {
  await installRclone();
  directory = await mkdtemp(path.join(tmpdir(), "culvert-rclone-"));
  source = path.join(directory, "source");
  await plantTree(source);
  store = await startTestStore();
});
afterAll(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

describe("rclone, which shares no code with us,", () => {
  it("copies a tree into a bucket it makes, and finds no difference", async () => {
    await rclone("mkdir", "store:tree");
    await rclone("copy", source, "store:tree/copied");
    expect(await rclone("check", source, "store:tree/copied")).toContain("0 differences found");
    const compared = await rclone("check", "--download", source, "store:tree/copied");
    expect(compared).toContain("0 differences found");
    expect(compared).toContain("47 matching files");
  });

  it("finds no difference after a restart, and reads the same back", async () => {
    await store.restart();
    const compared = await rclone("check", "--download", source, "store:tree/copied");
    expect(compared).toContain("0 differences found");
    const back = path.join(directory, "back");
    await rclone("copy", "store:tree/copied", back);
    await run("diff", ["-r", source, back]);
  });

  it("copies within the store, moves, deletes, and leaves nothing", async () => {
    await rclone("copy", "store:tree/copied/many", "store:tree/second");
    const compared = await rclone("check", path.join(source, "many"), "store:tree/second");
    expect(compared).toContain("0 differences found");
    const missing = await rclone("check", source, "store:tree/second").catch(String);
    expect(missing).not.toContain("0 differences found");
    await rclone("purge", "store:tree");
    expect(await rclone("lsd", "store:")).not.toContain("tree");
  });
});
