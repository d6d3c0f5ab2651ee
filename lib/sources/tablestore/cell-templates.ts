import { plainTag, variantTag } from "@/lib/tablestore/plain-buffer-tags";

/**
 * How a cell of each mapped column begins when it holds what is expected of it: the bytes up to a value
 * of fixed size, or up to the length of a string or binary. One comparison by words then settles tags,
 * name, type and size.
 *
 * Template i is words[starts[i], ends[i]): the words at 0, 4, … of the bytes, and at last the one that
 * ends with them, which may overlap its neighbour. A column without a template has ends[i] = 0.
 */
export class CellTemplates {
  readonly words: Int32Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Bytes of each template. */
  readonly lengths: Int32Array;
  /** Variant tag of each column's values. */
  readonly tags: Uint8Array;
  /** Checksum of name and variant tag, with which the value's checksum goes on. */
  readonly checksums: Uint8Array;

  /** `columnsMax` is how many columns may ever be asked for; those not given have no template. */
  constructor(
    columnsMax: number,
    columns: readonly { readonly name: string; readonly tag: number; readonly checksum: number }[],
  ) {
    this.starts = new Int32Array(columnsMax);
    this.ends = new Int32Array(columnsMax);
    this.lengths = new Int32Array(columnsMax);
    this.tags = new Uint8Array(columnsMax);
    this.checksums = new Uint8Array(columnsMax);
    const words: number[] = [];
    columns.forEach(({ name, tag, checksum }, column) => {
      const bytes = templateOf(name, tag);
      this.starts[column] = words.length;
      for (let at = 0; at < bytes.length; at += 4) {
        words.push(bytes.readInt32LE(Math.min(at, bytes.length - 4)));
      }
      this.ends[column] = words.length;
      this.lengths[column] = bytes.length;
      this.tags[column] = tag;
      this.checksums[column] = checksum;
    });
    this.words = Int32Array.from(words);
  }

  /** The column's cells are always looked at one part after the other. */
  remove(column: number): void {
    this.ends[column] = 0;
  }
}

function templateOf(name: string, tag: number): Buffer {
  const nameBytes = Buffer.from(name, "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(nameBytes.length);
  const start = [Buffer.of(plainTag.cell, plainTag.cellName), length, nameBytes];
  const value = Buffer.of(plainTag.cellValue);
  if (tag === variantTag.string || tag === variantTag.binary)
    return Buffer.concat([...start, value]);
  const size = tag === variantTag.boolean ? 2 : 9;
  return Buffer.concat([...start, value, Buffer.of(size, 0, 0, 0, tag)]);
}
