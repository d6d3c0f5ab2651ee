import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, unlink } from "node:fs/promises";
import path from "node:path";

/** A body on disk. The file has no name any more, so it goes with its handle, however the process ends. */
export type SpooledBody = {
  readonly file: FileHandle;
  readonly bytes: number;
  readonly close: () => Promise<void>;
};

/** Parquet is read from its end, so a body has to be there as a whole before its first row can be. */
export async function spoolBody(
  body: AsyncIterable<Uint8Array>,
  directory: string,
): Promise<SpooledBody> {
  await mkdir(directory, { recursive: true });
  const name = path.join(directory, randomUUID());
  const file = await open(name, "wx+", 0o600);
  try {
    await unlink(name);
    let bytes = 0;
    for await (const piece of body) {
      for (let at = 0; at < piece.byteLength; ) {
        const written = await file.write(piece, at, piece.byteLength - at, bytes);
        at += written.bytesWritten;
        bytes += written.bytesWritten;
      }
    }
    return { file, bytes, close: () => file.close() };
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}
