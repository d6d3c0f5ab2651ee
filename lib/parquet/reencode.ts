import { Worker } from "node:worker_threads";
import { AppError } from "@/lib/core/error";
import type { Compression, Encoding } from "@/lib/core/schema-mapping";

export type ReencodeRequest = {
  /** A whole Parquet object of at most one row group; its memory goes to the thread. */
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly rows: number;
  readonly compression: Compression;
  readonly columns: readonly { readonly name: string; readonly encoding: Encoding }[];
};

type Answer = { readonly id: number } & (
  | { readonly written: Uint8Array }
  | { readonly error: string }
);
type Waiting = { resolve(written: Uint8Array): void; reject(error: AppError): void };

const compressionName = {
  uncompressed: "UNCOMPRESSED",
  snappy: "SNAPPY",
  zstd: "ZSTD",
} as const satisfies Record<Compression, string>;

/** One thread for the whole process, started when the first object needs it: most never do. */
let thread: { readonly worker: Worker; readonly waiting: Map<number, Waiting> } | null = null;
let requests = 0;

/**
 * The same rows in the encodings and the compression asked for, written by arrow-rs in another thread.
 * Its library takes 20 MB, and some row groups' worth of memory that it never gives back.
 */
export function reencode(request: ReencodeRequest): Promise<Uint8Array> {
  const { plain, rows, compression, columns } = request;
  thread ??= startThread();
  const { worker, waiting } = thread;
  const id = ++requests;
  // A thread that nobody waits for does not keep the process alive.
  worker.ref();
  worker.postMessage({ id, plain, rows, columns, compression: compressionName[compression] }, [
    plain.buffer,
  ]);
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}

function startThread() {
  const worker = new Worker(new URL("./reencode-thread.mjs", import.meta.url), {
    // Nothing of this process's loaders: the thread is plain JavaScript.
    execArgv: [],
  });
  const waiting = new Map<number, Waiting>();
  const end = (cause: unknown) => {
    if (thread?.worker === worker) thread = null;
    for (const { reject } of waiting.values()) reject(failure("The thread ended", cause));
    waiting.clear();
  };
  worker.on("message", (answer: Answer) => {
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (waiting.size === 0) worker.unref();
    if ("written" in answer) asked?.resolve(answer.written);
    else asked?.reject(failure(answer.error, null));
  });
  worker.on("error", end);
  worker.on("exit", (code) => end(new Error(`Exit code ${code}`)));
  return { worker, waiting };
}

function failure(reason: string, cause: unknown): AppError {
  return new AppError("internal.unexpected", `A row group was not re-encoded: ${reason}`, {
    cause,
  });
}
