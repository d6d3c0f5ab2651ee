import { headerLength, plainTag, variantTag } from "@/lib/tablestore/plain-buffer-tags";
import { parameterInvalid, type Refusal } from "../refusal";

/** Steps through a PlainBuffer and refuses what is not one. */
export class PlainCursor {
  readonly bytes: Buffer;
  position = 0;
  /** Checksum of the last cell as the request has it. */
  cellCrc = 0;
  /** Row checksum over the key cells as the request has them. */
  rowCrc = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  fault(message: string): Refusal {
    return parameterInvalid(`Invalid PlainBuffer: ${message} (at byte ${this.position}).`);
  }

  openRows(): void {
    if (this.bytes.length < headerLength || this.takeUint32() !== plainTag.header) {
      throw this.fault("no header");
    }
  }

  peek(): number | undefined {
    return this.bytes[this.position];
  }

  take(length: number): number {
    const start = this.position;
    if (length > this.bytes.length - start) throw this.fault("cut short");
    this.position = start + length;
    return start;
  }

  takeByte(): number {
    return this.bytes[this.take(1)] as number;
  }

  takeUint32(): number {
    return this.bytes.readUInt32LE(this.take(4));
  }

  takeIf(tag: number): boolean {
    if (this.bytes[this.position] !== tag) return false;
    this.position++;
    return true;
  }

  expect(tag: number, what: string): void {
    if (!this.takeIf(tag)) throw this.fault(`no ${what}`);
  }

  takeName(): number {
    this.expect(plainTag.cellName, "cell name");
    return this.take(this.takeUint32());
  }

  /** The type of the value at [start, position), whose length must be its own. */
  checkVariant(start: number): number {
    const length = this.position - start;
    const tag = length > 0 ? (this.bytes[start] as number) : -1;
    let own: number;
    switch (tag) {
      case variantTag.integer:
      case variantTag.double:
        own = 9;
        break;
      case variantTag.boolean:
        own = 2;
        if (length === 2 && (this.bytes[start + 1] as number) > 1) {
          throw this.fault("a boolean is neither 0 nor 1");
        }
        break;
      case variantTag.string:
      case variantTag.binary:
        own = length < 5 ? -1 : 5 + this.bytes.readUInt32LE(start + 1);
        break;
      case variantTag.infMin:
      case variantTag.infMax:
      case variantTag.autoIncrement:
        own = 1;
        break;
      default:
        throw this.fault("unknown value type");
    }
    if (own !== length) throw this.fault("a value's length is not its own");
    return tag;
  }

  finishCell(crc: number): void {
    this.expect(plainTag.cellChecksum, "cell checksum");
    if (this.takeByte() !== crc) throw this.fault("cell checksum mismatch");
    this.cellCrc = crc;
  }

  /** One official SDK sends its buffer's unused end: zeros after the row are no fault. */
  finishRow(crc: number): void {
    this.expect(plainTag.rowChecksum, "row checksum");
    if (this.takeByte() !== crc) throw this.fault("row checksum mismatch");
    for (let at = this.position; at < this.bytes.length; at++) {
      if (this.bytes[at] !== 0) throw this.fault("bytes after the row");
    }
  }
}
