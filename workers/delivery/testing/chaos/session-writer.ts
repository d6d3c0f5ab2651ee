import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import type { Random } from "@/workers/tablestore/testing/fuzz/random";
import type { Finding } from "./watcher";
import type { Written } from "./writer";

export type SessionWriter = Written & {
  /** What was answered and is not so. */
  readonly findings: readonly Finding[];
  run(): void;
  /** Resolves once everything that was begun is answered. */
  stop(): Promise<void>;
};

type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

const streamers = 3;
const rowsPerPackMax = 30;
const rowsPerBlock = 25;
const blocks = [0, 1] as const;
const pauseMs = 150;
const retryMs = 200;
const requestTimeoutMs = 45_000;

/** A bucket that is gone or a key that was revoked comes back, as busy and broken services do. */
function isForGood({ status, body }: Answer): boolean {
  return status < 500 && status !== 429 && !String(body.code).startsWith("destination.");
}

/**
 * Clients that stream packs and upload blocks into a dataset, each row once. Whatever gets no answer is
 * sent again in the same words, to whichever console answers then.
 */
export function createSessionWriter(options: {
  readonly port: number;
  readonly dataset: string;
  readonly random: Random;
  /** Past every proxy. */
  readonly store: Pick<ObjectStore, "head">;
}): SessionWriter {
  const { port, dataset, random, store } = options;
  const acknowledged = new Set<string>();
  const doubtful = new Set<string>();
  const findings: Finding[] = [];
  let rowsMade = 0;
  let isStopped = false;
  let running: Promise<unknown> = Promise.resolve();

  const makeRows = (count: number) =>
    Array.from({ length: count }, () => {
      rowsMade += 1;
      return `${dataset}-${String(rowsMade).padStart(7, "0")}`;
    });
  const linesOf = (ids: readonly string[]) => ids.map((id) => `{"id":"${id}","v":1}\n`).join("");
  const note = (ids: readonly string[], words: Set<string>) => {
    for (const id of ids) words.add(`${id}/1`);
  };

  /** Sends the same again until somebody answers for good. */
  async function ask(method: string, path: string, body: string): Promise<Answer> {
    for (;;) {
      const url = `http://127.0.0.1:${port}/datasets/${dataset}${path}`;
      const signal = AbortSignal.timeout(requestTimeoutMs);
      const answer = await fetch(url, { method, body, signal })
        .then(async (response) => ({ status: response.status, body: await response.json() }))
        .catch(() => null);
      if (answer && isForGood(answer as Answer)) return answer as Answer;
      await sleep(retryMs);
    }
  }

  async function begin(kind: "stream" | "upload"): Promise<string> {
    const { status, body } = await ask("POST", `/${kind}-sessions`, "{}");
    if (status !== 200) throw new Error(`No ${kind} session: ${JSON.stringify(body)}`);
    return String(body.id);
  }

  async function streamPack(session: string): Promise<void> {
    const ids = makeRows(1 + random.below(rowsPerPackMax));
    const path = `/stream-sessions/${session}/flushes/${randomUUID()}`;
    const { status, body } = await ask("PUT", path, linesOf(ids));
    if (status !== 200) {
      note(ids, doubtful);
      findings.push(`refused: a flush: ${JSON.stringify(body)}`);
      return;
    }
    note(ids, acknowledged);
    await expectVisible(String(body.key));
  }

  /** What is answered is visible at that moment; a store that is away cannot be asked. */
  async function expectVisible(key: string): Promise<void> {
    const head = await store.head(key).catch(() => "away");
    if (head === null) findings.push(`early: ${key} was answered for and does not stand`);
  }

  async function upload(): Promise<void> {
    const session = await begin("upload");
    const path = `/upload-sessions/${session}`;
    const ids = blocks.map(() => makeRows(rowsPerBlock));
    // What a block held before is replaced.
    await ask("PUT", `${path}/blocks/0`, linesOf(makeRows(3)));
    for (const block of blocks)
      await ask("PUT", `${path}/blocks/${block}`, linesOf(ids[block] ?? []));
    for (;;) {
      const { status, body } = await ask("POST", `${path}/commit`, JSON.stringify({ blocks }));
      if (status === 200 && body.status === "committing") continue;
      const isDone = status === 200 && body.status === "committed";
      note(ids.flat(), isDone ? acknowledged : doubtful);
      if (!isDone) findings.push(`refused: a commit: ${JSON.stringify(body)}`);
      return;
    }
  }

  async function loop(act: () => Promise<void>): Promise<void> {
    while (!isStopped) {
      await act().catch((thrown) => void findings.push(`broken: ${String(thrown)}`));
      await sleep(random.below(2 * pauseMs));
    }
  }

  async function streamer(): Promise<void> {
    const session = await begin("stream");
    await loop(() => streamPack(session));
  }

  return {
    ...{ acknowledged, doubtful, findings, deletesAcknowledged: 0, deletesDoubtful: 0 },
    run() {
      running = Promise.all([...Array.from({ length: streamers }, streamer), loop(upload)]);
    },
    async stop() {
      isStopped = true;
      await running;
    },
  };
}
