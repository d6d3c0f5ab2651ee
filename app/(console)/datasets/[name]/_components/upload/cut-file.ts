import type { RowFormatName } from "@/lib/contracts/upload-session-body";
import { findHeaderEnd, RecordEnds } from "@/lib/core/import/record-ends";

const MiB = 1024 * 1024;
const pieceBytes = MiB;
/** A header of two thousand long names fits. */
const headerBytesMax = MiB;
const blockBytesMin = 16 * MiB;
const blockBytesMax = 256 * MiB;
const blocksWanted = 64;

/** A part of a file that is uploaded as one block. */
export type FileBlock = {
  readonly body: Blob;
  /** Of the file: without a header that stands in front once more. */
  readonly bytes: number;
  /** Lines of the body that are the file's first ones. */
  readonly headerLines: number;
  /** What makes the body's later lines the file's. */
  readonly lineShift: number;
};

/** What of a block has to be sent again when it breaks, against how many objects come of the file. */
export function chooseBlockBytes(fileBytes: number): number {
  return Math.min(blockBytesMax, Math.max(blockBytesMin, Math.ceil(fileBytes / blocksWanted)));
}

/** The line of the file that a line of the block is. */
export function lineInFile(block: FileBlock, line: number): number {
  return line <= block.headerLines ? line : line + block.lineShift;
}

/**
 * The file as blocks, made while they are asked for. Parquet is one block; CSV and NDJSON are cut where
 * a record ends, so that each block reads by itself, and each of a CSV begins with the file's header.
 */
export async function* cutFile(
  file: Blob,
  format: RowFormatName,
  blockBytes: number = chooseBlockBytes(file.size),
): AsyncGenerator<FileBlock> {
  const header = format === "csv" ? await readHeader(file) : null;
  const isWhole = format === "parquet" || file.size <= blockBytes;
  if (isWhole || (format === "csv" && header === null)) {
    yield { body: file, bytes: file.size, headerLines: 0, lineShift: 0 };
    return;
  }
  const ends = new RecordEnds(format);
  let from = 0;
  let linesToFrom = 0;
  const blockOf = (to: number): FileBlock => {
    const rows = file.slice(from, to);
    const isFirst = from === 0;
    const headerLines = isFirst ? 0 : (header?.lines ?? 0);
    return {
      body: header && !isFirst ? new Blob([file.slice(0, header.bytes), rows]) : rows,
      bytes: to - from,
      headerLines,
      lineShift: linesToFrom - headerLines,
    };
  };
  for (let at = 0; at < file.size; at += pieceBytes) {
    const piece = await bytesOf(file.slice(at, at + pieceBytes));
    const { lastEnd, linesToLastEnd } = ends.push(piece);
    const end = at + lastEnd;
    if (lastEnd === 0 || end - from < blockBytes || end === file.size) continue;
    yield blockOf(end);
    from = end;
    linesToFrom = linesToLastEnd;
  }
  yield blockOf(file.size);
}

async function readHeader(file: Blob) {
  return findHeaderEnd(await bytesOf(file.slice(0, headerBytesMax)));
}

async function bytesOf(part: Blob): Promise<Uint8Array> {
  return new Uint8Array(await part.arrayBuffer());
}
