import { closeSync, openSync, readSync, writeSync } from "node:fs";

/** Writes pages one behind the other, each after its length, and gives their total bytes. */
export function writePageFile(file: string, pages: Iterable<Uint8Array>): number {
  const handle = openSync(file, "w");
  let bytes = 0;
  try {
    for (const page of pages) {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(page.length);
      writeSync(handle, length);
      writeSync(handle, page);
      bytes += page.length;
    }
  } finally {
    closeSync(handle);
  }
  return bytes;
}

/** Reads one page at a time, each into memory of its own, as a response would be. */
export function* readPageFile(file: string): Generator<Uint8Array> {
  const handle = openSync(file, "r");
  try {
    const length = Buffer.alloc(4);
    while (readSync(handle, length) === 4) {
      const page = Buffer.allocUnsafeSlow(length.readUInt32LE());
      readSync(handle, page);
      yield page;
    }
  } finally {
    closeSync(handle);
  }
}
