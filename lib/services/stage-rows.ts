import { crc32 } from "node:zlib";
import type { DatasetColumn } from "@/lib/core/dataset";
import { objectIdMetadata } from "@/lib/core/object-key";
import type { ObjectStore, UploadedPart } from "@/lib/core/ports/object-store";
import type { RowTarget } from "@/lib/core/ports/row-target";
import type { Compression } from "@/lib/core/schema-mapping";
import { createParquetWriter, type ParquetWriter } from "@/lib/parquet/parquet-writer";
import { type CellValue, createCellWriter, type RowSink } from "./rows/row-sink";

/** Stores refuse parts below 5 MiB and more than 10,000 of them: the first are small, for memory's sake. */
const smallPartBytes = 8 * 1024 * 1024;
const smallPartsMax = 1_000;
const largePartBytes = 64 * 1024 * 1024;

/** The log of uploads: written before the store is asked, so that the janitor finds what we leave. */
export type UploadLog = {
  readonly begun: (upload: { objectId: string; key: string }) => Promise<void>;
  readonly created: (upload: { objectId: string; uploadId: string }) => Promise<void>;
  readonly forgotten: (upload: { objectId: string; uploadId: string }) => Promise<void>;
};

export type StagingOptions = {
  readonly store: ObjectStore;
  readonly log: UploadLog;
  readonly objectId: string;
  readonly key: string;
  readonly columns: readonly DatasetColumn[];
  readonly compression: Compression;
};

/** What was staged; without rows there is no upload. */
export type StagedRows = {
  readonly objectId: string;
  readonly key: string;
  readonly uploadId: string | null;
  readonly parts: readonly UploadedPart[];
  readonly rows: number;
  readonly bytes: number;
  readonly crc32: string;
};

/**
 * Rows on their way into one object that nobody sees yet: put, encoded, and sent part by part while
 * more come. Holds one row group, one part, and nothing else.
 */
export class StagedObject implements RowSink {
  readonly columns: readonly DatasetColumn[];
  readonly #o: StagingOptions;
  readonly #writer: ParquetWriter;
  readonly #write: ReturnType<typeof createCellWriter>;
  #uploadId: string | null = null;
  readonly #parts: UploadedPart[] = [];
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #bytes = 0;
  #checksum = 0;

  constructor(options: StagingOptions) {
    this.#o = options;
    this.columns = options.columns;
    this.#write = createCellWriter(options.columns);
    this.#writer = createParquetWriter({
      columns: options.columns.map((column) => ({ ...column, encoding: "PLAIN" })),
      compression: options.compression,
      keyValueMetadata: {},
    });
  }

  put(column: number, value: CellValue): void {
    this.#write(this.#writer, column, value);
  }

  endRow(): void {
    this.#writer.endRow();
  }

  /** For rows that are the bytes of PLAIN encoding already; the owner calls `turn`, as readers do. */
  get target(): RowTarget {
    return this.#writer;
  }

  get rows(): number {
    return this.#writer.rowCount;
  }

  get bufferedBytes(): number {
    return this.#writer.bufferedBytes + this.#pendingBytes;
  }

  async turn(): Promise<void> {
    if (!this.#writer.isRowGroupFull) return;
    await this.#writer.closeRowGroup();
    this.#collect(this.#writer.takeClosed());
    const partBytes = this.#parts.length < smallPartsMax ? smallPartBytes : largePartBytes;
    if (this.#pendingBytes >= partBytes) await this.#send();
  }

  /** Ends the object. Nothing is visible yet, and without rows nothing is there. */
  async finish(): Promise<StagedRows> {
    const { objectId, key } = this.#o;
    const { rows } = this;
    if (rows > 0) {
      this.#collect(await this.#writer.finish());
      await this.#send();
    }
    const checksum = this.#checksum.toString(16).padStart(8, "0");
    const upload = { uploadId: this.#uploadId, parts: this.#parts };
    return { objectId, key, ...upload, rows, bytes: this.#bytes, crc32: checksum };
  }

  /** Best effort: what is not aborted here stays logged, for the janitor. */
  async giveUp(): Promise<void> {
    await giveUpUpload(this.#o, { ...this.#o, uploadId: this.#uploadId });
  }

  #collect(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) {
      this.#pending.push(chunk);
      this.#pendingBytes += chunk.byteLength;
    }
  }

  async #send(): Promise<void> {
    const { store, key } = this.#o;
    const body = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    const uploadId = this.#uploadId ?? (await this.#begin());
    const partNumber = this.#parts.length + 1;
    this.#parts.push(await store.uploadPart({ key, uploadId, partNumber, body }));
    this.#checksum = crc32(body, this.#checksum);
    this.#bytes += body.byteLength;
  }

  async #begin(): Promise<string> {
    const { store, log, objectId, key } = this.#o;
    await log.begun({ objectId, key });
    const metadata = { [objectIdMetadata]: objectId };
    const contentType = "application/vnd.apache.parquet";
    const uploadId = await store.createUpload({ key, metadata, contentType });
    this.#uploadId = uploadId;
    await log.created({ objectId, uploadId });
    return uploadId;
  }
}

/** Aborts an upload that nobody needs any more. What fails stays logged, for the janitor. */
export async function giveUpUpload(
  { store, log }: Pick<StagingOptions, "store" | "log">,
  upload: { readonly objectId: string; readonly key: string; readonly uploadId: string | null },
): Promise<void> {
  const { objectId, key, uploadId } = upload;
  if (uploadId === null) return;
  try {
    await store.abortUpload({ key, uploadId });
    await log.forgotten({ objectId, uploadId });
  } catch {
    // Logged since before it existed: the janitor aborts it.
  }
}
