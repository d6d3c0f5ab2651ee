import { readFile } from "node:fs/promises";
import http from "node:http";
import { connect } from "node:net";
import { decodePlainRow } from "@/lib/tablestore/decode-plain-buffer";
import { decodeErrorBody } from "@/lib/tablestore/error-body";
import { md5Base64, signRequestV2 } from "@/lib/tablestore/signing";
import type { SpawnedServer } from "../spawn-server";
import { testAccess } from "../start-test-server";
import { anyRow, connectClient, integer, rowBytes, text } from "../tunnel-reader";
import { damage } from "./damage";
import { junkHttp } from "./junk-http";
import { Random } from "./random";
import { absurdRow, prepareSeeds, type Seed } from "./seed-requests";

export type FuzzReport = {
  readonly cases: number;
  /** How often each outcome was seen, such as "400 OTSParameterInvalid". */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Cases that were answered wrongly, too late or not at all. */
  readonly failures: readonly string[];
  readonly slowestMs: number;
  /** Resident memory of the server at even intervals, MB; empty where the system does not tell. */
  readonly memoryMb: readonly number[];
};

const answerMsMax = 10_000;
const samples = 20;

/** Sends `cases` malformed requests, `lanes` at a time, and looks at every answer. */
export async function fuzzServer(
  server: SpawnedServer,
  { seed, cases, lanes = 16 }: { seed: number; cases: number; lanes?: number },
): Promise<FuzzReport> {
  const client = connectClient(server.port);
  const seeds = await prepareSeeds(client);
  const agent = new http.Agent({ keepAlive: true, maxSockets: lanes });
  const outcomes = new Map<string, number>();
  const failures: string[] = [];
  const memoryMb: number[] = [];
  const sampleEvery = Math.max(1, Math.floor(cases / samples));
  let slowestMs = 0;
  let next = 0;

  const lane = async (): Promise<void> => {
    while (next < cases && failures.length < 20) {
      const index = next++;
      const random = new Random(seed + Math.imul(index, 0x9e3779b1));
      const began = performance.now();
      const { kind, outcome, isRight } = await runCase(server.port, agent, seeds, random);
      const tookMs = performance.now() - began;
      slowestMs = Math.max(slowestMs, tookMs);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (!isRight || tookMs > answerMsMax) {
        failures.push(
          `seed ${seed}, case ${index} (${kind}): ${outcome} in ${tookMs.toFixed()} ms`,
        );
      }
      if (index % sampleEvery === 0) {
        const canary = await readBack(client, index);
        if (canary !== null) failures.push(`after case ${index}: ${canary}`);
        memoryMb.push(...(await residentMb(server.child.pid)));
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  agent.destroy();
  client.close();
  if (server.child.exitCode !== null) failures.push(`the server ended: ${server.child.exitCode}`);
  return { cases: next, outcomes, failures, slowestMs, memoryMb };
}

type CaseResult = { readonly kind: string; readonly outcome: string; readonly isRight: boolean };

async function runCase(
  port: number,
  agent: http.Agent,
  seeds: readonly Seed[],
  random: Random,
): Promise<CaseResult> {
  const kind = random.pick(["body", "row", "row", "absurd", "token", "header", "socket"] as const);
  if (kind === "socket") return { kind, ...(await sendJunk(port, junkHttp(random))) };
  const seed = random.pick(
    kind === "token"
      ? seeds.filter(({ valid }) => valid.token !== "")
      : kind === "row" || kind === "absurd"
        ? seeds.filter(({ valid }) => valid.row.length > 0)
        : seeds,
  );
  let { row, token } = seed.valid;
  if (kind === "row") row = damage(row, random);
  if (kind === "absurd") row = absurdRow(random);
  if (kind === "token") {
    const raw = damage(Buffer.from(token, "base64"), random);
    token = random.below(4) === 0 ? raw.toString("latin1") : raw.toString("base64");
  }
  const valid = seed.build({ row, token });
  const body = kind === "body" ? damage(valid, random) : Buffer.from(valid);
  const headers = signedHeaders(seed.path, body);
  if (kind === "header") damageHeaders(headers, random);
  const { status, code } = await post(port, agent, seed.path, headers, body);
  const isRefused = status >= 400 && status < 500 && /^OTS[A-Za-z]+$/.test(code);
  return {
    kind: `${kind} of ${seed.path}`,
    outcome: `${status} ${code}`.trim(),
    isRight: isRefused || (status === 200 && kind !== "header"),
  };
}

function signedHeaders(path: string, body: Uint8Array): Record<string, string> {
  const headers: Record<string, string> = {
    "x-ots-date": new Date().toISOString(),
    "x-ots-apiversion": "2015-12-31",
    "x-ots-accesskeyid": testAccess.accessKeyId,
    "x-ots-instancename": testAccess.instance,
    "x-ots-contentmd5": md5Base64(body),
  };
  headers["x-ots-signature"] = signRequestV2({ path, headers }, testAccess.accessKeySecret);
  return headers;
}

function damageHeaders(headers: Record<string, string>, random: Random): void {
  const name = random.pick(Object.keys(headers));
  if (random.below(3) === 0) delete headers[name];
  else headers[name] = random.bytes(1 + random.below(30)).toString("base64");
}

function post(
  port: number,
  agent: http.Agent,
  path: string,
  headers: Record<string, string>,
  body: Buffer,
): Promise<{ status: number; code: string }> {
  return new Promise((resolve) => {
    const failed = (error: Error) => resolve({ status: 0, code: error.message });
    const options = { host: "127.0.0.1", port, path, agent, headers, method: "POST" };
    const request = http.request(
      { ...options, headers: { ...headers, "content-length": body.length } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", failed);
        response.on("end", () => {
          const status = response.statusCode ?? 0;
          const error = status === 200 ? null : decodeErrorBody(Buffer.concat(chunks));
          resolve({ status, code: error?.code ?? "" });
        });
      },
    );
    request.setTimeout(answerMsMax, () => request.destroy(new Error("no answer")));
    request.on("error", failed);
    request.end(body);
  });
}

/** What is no request may be answered or hung up on, and the connection has to end. */
function sendJunk(port: number, junk: Buffer): Promise<Omit<CaseResult, "kind">> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const socket = connect(port, "127.0.0.1", () => socket.end(junk));
    socket.setTimeout(answerMsMax, () => {
      socket.destroy();
      resolve({ outcome: "socket left open", isRight: false });
    });
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(received.toString("latin1"))?.[1] ?? 0);
      const isRight = status === 0 || status === 100 || (status >= 400 && status < 500);
      resolve({ outcome: status === 0 ? "socket closed" : `socket ${status}`, isRight });
    });
  });
}

/** Null when a row that is written now reads back as it was. */
async function readBack(
  client: ReturnType<typeof connectClient>,
  n: number,
): Promise<string | null> {
  try {
    const key = [text("pk", "canary"), integer("n", n)];
    const row = rowBytes(key, [text("v", `${n}`)]);
    await client.call("PutRow", { tableName: "t", row, condition: anyRow });
    const read = await client.call("GetRow", { tableName: "t", primaryKey: rowBytes(key) });
    const value = decodePlainRow(read.row).attributes[0]?.value;
    return value?.type === "string" && value.value === `${n}` ? null : "a row is not what it was";
  } catch (error) {
    return `a valid request failed: ${String(error)}`;
  }
}

async function residentMb(pid: number | undefined): Promise<number[]> {
  try {
    const status = await readFile(`/proc/${pid}/status`, "latin1");
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1];
    return kilobytes === undefined ? [] : [Math.round(Number(kilobytes) / 1024)];
  } catch {
    // Not on this system.
    return [];
  }
}
