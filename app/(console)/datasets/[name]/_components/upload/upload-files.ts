import { pause } from "@/app/_api-client/pause";
import { callApi, problemOf } from "@/app/_api-client/request";
import { datasetApi } from "@/app/(console)/datasets/_components/dataset-paths";
import type { ProblemDocument } from "@/lib/contracts/problem-document";
import {
  type RowFormatName,
  rowFormats,
  type UploadBlockView,
  type UploadSessionView,
} from "@/lib/contracts/upload-session-body";
import { cutFile, type FileBlock, lineInFile } from "./cut-file";
import { BlockRefused, sendBlock } from "./send-block";

export type ChosenFile = { readonly file: File; readonly format: RowFormatName };

/** How far an upload is. Rows are those of blocks that are there whole. */
export type UploadProgress = {
  readonly bytesSent: number;
  readonly bytesTotal: number;
  readonly rows: number;
  readonly blocks: number;
};

export type UploadRequest = {
  readonly dataset: string;
  readonly partition: string;
  readonly overwrite: boolean;
  readonly files: readonly ChosenFile[];
  readonly signal: AbortSignal;
  readonly onProgress: (progress: UploadProgress) => void;
  /** A block broke and is sent again by itself; null once it is through. */
  readonly onTrouble: (problem: ProblemDocument | null) => void;
  /** It broke too often: resolves when somebody wants it tried again. */
  readonly askAgain: (problem: ProblemDocument) => Promise<void>;
  readonly onCommit: () => void;
};

/** Rows of a file that cannot be read; lines are those of the file. */
export class FileRefused extends Error {
  override readonly name = "FileRefused";
  readonly file: string;
  readonly problem: ProblemDocument;

  constructor(file: string, problem: ProblemDocument) {
    super(problem.title);
    this.file = file;
    this.problem = problem;
  }
}

const triesByItself = 4;
const pauseMsFirst = 500;
const pauseMsMax = 15_000;
const lookEveryMs = 1_000;

/**
 * Uploads files as one session: block by block, then all of it is made visible together. Resolves when
 * readers see it. Whatever it throws (FileRefused, ApiProblem, the signal's reason), the session is
 * aborted and nothing of it is visible, but for a commit whose answer never came.
 */
export async function uploadFiles(request: UploadRequest): Promise<UploadSessionView> {
  const { dataset, partition, overwrite } = request;
  const session = await callApi<UploadSessionView>(datasetApi.uploads(dataset), {
    method: "POST",
    body: { partition, overwrite },
  });
  const path = datasetApi.upload(dataset, session.id);
  try {
    const blocks = await sendAll(request, path);
    request.onCommit();
    return await commit(request, path, blocks);
  } catch (thrown) {
    // Committed already, or out of reach: then it ends by itself.
    await callApi(path, { method: "DELETE" }).catch(() => undefined);
    throw thrown;
  }
}

/** Gives the number of blocks. */
async function sendAll(request: UploadRequest, path: string): Promise<number> {
  const bytesTotal = request.files.reduce((sum, { file }) => sum + file.size, 0);
  let progress: UploadProgress = { bytesSent: 0, bytesTotal, rows: 0, blocks: 0 };
  const report = (changes: Partial<UploadProgress>) =>
    request.onProgress({ ...progress, ...changes });
  report({});
  for (const chosen of request.files) {
    for await (const block of cutFile(chosen.file, chosen.format)) {
      const { bytesSent } = progress;
      const taken = await withRetries(request, async () => {
        const onSent = (bytes: number) =>
          report({ bytesSent: bytesSent + Math.min(bytes, block.bytes) });
        return sendOne({ request, path, chosen, block, number: progress.blocks, onSent });
      });
      progress = {
        bytesTotal,
        bytesSent: bytesSent + block.bytes,
        rows: progress.rows + taken.rows,
        blocks: progress.blocks + 1,
      };
      report({});
    }
  }
  return progress.blocks;
}

async function sendOne(part: {
  request: UploadRequest;
  path: string;
  chosen: ChosenFile;
  block: FileBlock;
  number: number;
  onSent: (bytes: number) => void;
}): Promise<UploadBlockView> {
  const { chosen, block } = part;
  try {
    return await sendBlock({
      path: `${part.path}/blocks/${part.number}`,
      body: block.body,
      contentType: rowFormats[chosen.format],
      signal: part.request.signal,
      onSent: part.onSent,
    });
  } catch (thrown) {
    if (!(thrown instanceof BlockRefused) || canPass(thrown.problem)) throw thrown;
    throw new FileRefused(chosen.file.name, withFileLines(thrown.problem, block));
  }
}

async function commit(
  request: UploadRequest,
  path: string,
  blockCount: number,
): Promise<UploadSessionView> {
  const blocks = Array.from({ length: blockCount }, (_, number) => number);
  const { signal } = request;
  // The same list again is the same commit, so a lost answer does no harm.
  let session = await withRetries(request, () =>
    callApi<UploadSessionView>(`${path}/commit`, { method: "POST", body: { blocks } }),
  );
  while (session.status === "committing") {
    await pause(lookEveryMs, signal);
    session = await withRetries(request, () => callApi<UploadSessionView>(path, { signal }));
  }
  return session;
}

/** Again and again by itself what may pass, then when somebody asks for it. */
async function withRetries<T>(request: UploadRequest, work: () => Promise<T>): Promise<T> {
  const { signal } = request;
  for (let failures = 1; ; failures += 1) {
    try {
      const done = await work();
      if (failures > 1) request.onTrouble(null);
      return done;
    } catch (thrown) {
      signal.throwIfAborted();
      const problem = problemOf(thrown);
      if (thrown instanceof FileRefused || !canPass(problem)) throw thrown;
      if (failures % triesByItself === 0) {
        await request.askAgain(problem);
        continue;
      }
      request.onTrouble(problem);
      const asked = thrown instanceof BlockRefused ? thrown.retryAfterMs : null;
      await pause(asked ?? Math.min(pauseMsMax, pauseMsFirst * 2 ** (failures - 1)), signal);
    }
  }
}

/** The connection broke, or whoever answered was busy: nothing is wrong with the rows. */
function canPass({ status, code }: ProblemDocument): boolean {
  const isBusy = status === 408 || status === 429 || status >= 500;
  return status === 0 || isBusy || code === "session.body_incomplete";
}

/** The API counts the lines of the block that it was given; people count those of their file. */
function withFileLines(problem: ProblemDocument, block: FileBlock): ProblemDocument {
  const renumber = (text: string) =>
    text.replace(/^Line (\d+)/, (_, line) => `Line ${lineInFile(block, Number(line))}`);
  return {
    ...problem,
    detail: renumber(problem.detail),
    cause: renumber(problem.cause),
    errors: problem.errors.map(({ line, message, ...rest }) => ({
      ...rest,
      message: renumber(message),
      ...(line === undefined ? {} : { line: lineInFile(block, line) }),
    })),
  };
}
