import { type ChildProcess, execFile, spawn } from "node:child_process";
import { access, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { findFreePort } from "@/lib/platform/free-port";

const run = promisify(execFile);
const version = "v1.8.0";
const buildTimeoutMs = 10 * 60_000;
const startTimeoutMs = 20_000;

export const gatewayKey = {
  accessKeyId: "interop-key",
  secretAccessKey: "interop-secret-key",
} as const;
export const gatewayRegion = "us-east-1";

/**
 * An S3 server that is not ours: Versity's gateway over a directory, built from its source through
 * Go's module proxy into the cache of this checkout, once per version.
 */
async function buildGateway(): Promise<string> {
  const directory = path.resolve("node_modules/.cache/culvert-interop", `versitygw-${version}`);
  const program = path.join(directory, "versitygw");
  if (await exists(program)) return program;
  await mkdir(directory, { recursive: true });
  try {
    await run("go", ["install", `github.com/versity/versitygw/cmd/versitygw@${version}`], {
      env: { ...process.env, GOBIN: directory },
      timeout: buildTimeoutMs,
    });
  } catch (cause) {
    throw new Error(
      "This test needs Go and its module proxy, to build an S3 server that is not ours",
      { cause },
    );
  }
  return program;
}

/** Starts it on an empty directory and a port of its own. */
export async function startVersityGateway() {
  const program = await buildGateway();
  const directory = await mkdtemp(path.join(tmpdir(), "culvert-versity-"));
  const port = await findFreePort("127.0.0.1");
  const gateway = spawn(
    program,
    [
      ...["--access", gatewayKey.accessKeyId, "--secret", gatewayKey.secretAccessKey],
      ...["--port", `127.0.0.1:${port}`, "--region", gatewayRegion, "--quiet"],
      ...["posix", directory],
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  for (const stream of [gateway.stdout, gateway.stderr]) {
    stream.on("data", (data: Buffer) => {
      output = (output + data).slice(-4_000);
    });
  }
  const endpoint = `http://127.0.0.1:${port}`;
  await waitUntilServing(endpoint, gateway, () => output);
  return {
    endpoint,
    async close() {
      const gone = new Promise((resolve) => gateway.once("exit", resolve));
      gateway.kill("SIGKILL");
      await gone;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function waitUntilServing(
  endpoint: string,
  gateway: ChildProcess,
  output: () => string,
): Promise<void> {
  const startedAtMs = performance.now();
  while ((await fetch(endpoint).catch(() => null)) === null) {
    if (gateway.exitCode !== null || performance.now() - startedAtMs > startTimeoutMs) {
      throw new Error(`The gateway does not serve: ${output()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
