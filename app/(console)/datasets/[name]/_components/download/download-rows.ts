import { pause } from "@/app/_api-client/pause";
import { ApiProblem, callApi, problemOf, refusalOf } from "@/app/_api-client/request";
import { datasetApi } from "@/app/(console)/datasets/_components/dataset-paths";
import type { DownloadSessionView } from "@/lib/contracts/download-session-body";
import type { ProblemDocument } from "@/lib/contracts/problem-document";
import type { RowFormatName } from "@/lib/contracts/upload-session-body";
import type { FileSink } from "./save-file";
import { RecordCutter } from "./whole-records";

export type DownloadProgress = {
  readonly bytes: number;
  /** Of Parquet nobody can tell before its end. */
  readonly rows: number;
  readonly rowsTotal: number;
};

export type DownloadPlan = {
  readonly dataset: string;
  /** Null: all of them. */
  readonly partition: string | null;
  /** Null: all that the objects hold. */
  readonly columns: readonly string[] | null;
  readonly format: RowFormatName;
};

export type DownloadRequest = DownloadPlan & {
  readonly sink: FileSink;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: DownloadProgress) => void;
  /** The connection broke and the rows are asked for again; null once they come. */
  readonly onTrouble: (problem: ProblemDocument | null) => void;
  readonly onSession: (session: DownloadSessionView) => void;
};

/** In a row: every row that comes begins the count anew. */
const breaksMax = 6;
const pauseMsFirst = 500;
const pauseMsMax = 15_000;

/** Under /api/v1: rows from one on to the last. */
export function rowsPath(plan: DownloadPlan, session: string, from = 0): string {
  const query = new URLSearchParams({ format: plan.format });
  if (from > 0) query.set("from", String(from));
  if (plan.columns) query.set("columns", plan.columns.join(","));
  return `${datasetApi.download(plan.dataset, session)}/rows?${query}`;
}

/**
 * Keeps a snapshot and writes its rows into the sink. A read that breaks is taken up at its next row;
 * Parquet, whose end makes sense of all before it, begins anew. Throws ApiProblem, what the sink throws,
 * and the signal's reason; the sink is then given up.
 */
export async function downloadRows(request: DownloadRequest): Promise<DownloadProgress> {
  const { sink, signal } = request;
  try {
    const session = await callApi<DownloadSessionView>(datasetApi.downloads(request.dataset), {
      method: "POST",
      body: request.partition === null ? {} : { partition: request.partition },
      signal,
    });
    request.onSession(session);
    const read = new SnapshotRead(request, session);
    if (session.rows > 0) await readWithRetries(request, read);
    await sink.finish();
    return read.progress;
  } catch (thrown) {
    await sink.giveUp().catch(() => undefined);
    throw thrown;
  }
}

async function readWithRetries(request: DownloadRequest, read: SnapshotRead): Promise<void> {
  let rowsBefore = 0;
  for (let breaks = 0; ; ) {
    try {
      await read.takeRest(() => request.onTrouble(null));
      return;
    } catch (thrown) {
      request.signal.throwIfAborted();
      const problem = problemOf(thrown);
      const canPass = thrown instanceof ApiProblem && isPassing(problem);
      breaks = read.progress.rows > rowsBefore ? 1 : breaks + 1;
      rowsBefore = read.progress.rows;
      if (!canPass || breaks > breaksMax) throw thrown;
      request.onTrouble(problem);
      await pause(Math.min(pauseMsMax, pauseMsFirst * 2 ** (breaks - 1)), request.signal);
    }
  }
}

function isPassing({ status }: ProblemDocument): boolean {
  return status === 0 || status === 429 || status >= 500;
}

/** What of a snapshot is in the file, and how the rest comes into it. */
class SnapshotRead {
  readonly #request: DownloadRequest;
  readonly #session: DownloadSessionView;
  #hasBegun = false;
  progress: DownloadProgress;

  constructor(request: DownloadRequest, session: DownloadSessionView) {
    this.#request = request;
    this.#session = session;
    this.progress = { bytes: 0, rows: 0, rowsTotal: session.rows };
    request.onProgress(this.progress);
  }

  /** Throws ApiProblem of status 0 where the connection broke. */
  async takeRest(onFlow: () => void): Promise<void> {
    const { format, signal, sink } = this.#request;
    if (format === "parquet" && this.#hasBegun) {
      await sink.restart();
      this.#report({ bytes: 0 });
    }
    const path = rowsPath(this.#request, this.#session.id, this.progress.rows);
    const answer = await fetch(`/api/v1${path}`, { signal }).catch(connectionBroke);
    if (!answer.ok) throw refusalOf(answer.status, await answer.text());
    const take = format === "parquet" ? this.#takeAll() : this.#takeRows(format);
    const reader = answer.body?.getReader();
    if (!reader) return;
    this.#hasBegun = true;
    for (;;) {
      const { done, value } = await reader.read().catch(connectionBroke);
      if (done) break;
      onFlow();
      await take(value);
    }
    if (format === "parquet") this.#report({ rows: this.#session.rows });
    else if (this.progress.rows < this.#session.rows) connectionBroke();
  }

  #takeAll() {
    return async (piece: Uint8Array<ArrayBuffer>) => {
      await this.#request.sink.write(piece);
      this.#report({ bytes: this.progress.bytes + piece.byteLength });
    };
  }

  #takeRows(format: "csv" | "ndjson") {
    // Before the header nothing was written.
    const cutter = new RecordCutter(format, this.progress.bytes === 0);
    return async (piece: Uint8Array<ArrayBuffer>) => {
      const { bytes, rows } = cutter.push(piece);
      if (bytes.byteLength > 0) await this.#request.sink.write(bytes);
      this.#report({
        bytes: this.progress.bytes + bytes.byteLength,
        rows: this.progress.rows + rows,
      });
    };
  }

  #report(changes: Partial<DownloadProgress>): void {
    this.progress = { ...this.progress, ...changes };
    this.#request.onProgress(this.progress);
  }
}

function connectionBroke(): never {
  throw refusalOf(0, "");
}
