import { plainTag, variantTag } from "@/lib/tablestore/plain-buffer-tags";

/** Places of a column's entry in `CellTemplates.entries`, and the entry's size. */
export const templateEntry = {
  /** Index of the first word of the template. */
  firstWord: 0,
  /** Index of the last word; -1: the column has no template. */
  lastWord: 1,
  /** Bytes of the template. */
  length: 2,
  /** Variant tag, and from bit 8 on the checksum of name and tag, with which the value's goes on. */
  tagAndChecksum: 3,
  size: 4,
} as const;

/**
 * How a cell of each mapped column begins when it holds what is expected of it: the bytes up to a value
 * of fixed size, or up to the length of a string or binary. One comparison by words then settles tags,
 * name, type and size. The words of a template are those at 0, 4, … of its bytes, and at last the one
 * that ends with them, which may overlap its neighbour.
 */
export class CellTemplates {
  readonly words: Int32Array;
  /** `templateEntry.size` numbers for each column: in one array, because each array has its price. */
  readonly entries: Int32Array;

  /** `columnsMax` is how many columns may ever be asked for; those not given have no template. */
  constructor(
    columnsMax: number,
    columns: readonly {
      readonly name: string;
      readonly tag: number;
      /** Of name and tag. */
      readonly checksum: number;
      readonly hasTemplate: boolean;
    }[],
  ) {
    const words: number[] = [];
    this.entries = new Int32Array(columnsMax * templateEntry.size);
    for (let column = 0; column < columnsMax; column++) {
      const known = columns[column];
      const entry = column * templateEntry.size;
      this.entries[entry + templateEntry.lastWord] = -1;
      if (!known?.hasTemplate) continue;
      const bytes = templateOf(known.name, known.tag);
      this.entries[entry + templateEntry.firstWord] = words.length;
      for (let at = 0; at < bytes.length; at += 4) {
        words.push(bytes.readInt32LE(Math.min(at, bytes.length - 4)));
      }
      this.entries[entry + templateEntry.lastWord] = words.length - 1;
      this.entries[entry + templateEntry.length] = bytes.length;
      this.entries[entry + templateEntry.tagAndChecksum] = known.tag | (known.checksum << 8);
    }
    this.words = Int32Array.from(words);
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
