/** Wire types of Thrift's compact protocol, as far as Parquet's metadata needs them. */
export const thriftType = {
  boolean: 1,
  int16: 4,
  int32: 5,
  int64: 6,
  binary: 8,
  list: 9,
  struct: 12,
} as const;

type ThriftType = (typeof thriftType)[keyof typeof thriftType];

const initialCapacity = 256;
const text = new TextEncoder();

/**
 * Writes structs in Thrift's compact protocol. Field ids must ascend within a struct. Integers are
 * JavaScript numbers, exact up to 2^53.
 */
export class ThriftWriter {
  #bytes = new Uint8Array(initialCapacity);
  #used = 0;
  /** Last field id of each open struct: ids travel as differences. */
  readonly #lastIds: number[] = [0];

  int16(id: number, value: number): void {
    this.#fieldHeader(id, thriftType.int16);
    this.#zigzag(value);
  }

  int32(id: number, value: number): void {
    this.#fieldHeader(id, thriftType.int32);
    this.#zigzag(value);
  }

  int64(id: number, value: number): void {
    this.#fieldHeader(id, thriftType.int64);
    this.#zigzag(value);
  }

  /** A struct's boolean is its field's type: 1 is true, 2 is false. */
  boolean(id: number, value: boolean): void {
    this.#fieldHeader(id, value ? 1 : 2);
  }

  binary(id: number, value: Uint8Array): void {
    this.#fieldHeader(id, thriftType.binary);
    this.binaryElement(value);
  }

  string(id: number, value: string): void {
    this.binary(id, text.encode(value));
  }

  struct(id: number, write: () => void): void {
    this.#fieldHeader(id, thriftType.struct);
    this.structElement(write);
  }

  /** `writeElement` writes one element with a method named `…Element`. */
  list<T>(
    id: number,
    type: ThriftType,
    elements: readonly T[],
    writeElement: (element: T) => void,
  ): void {
    this.#fieldHeader(id, thriftType.list);
    if (elements.length < 15) {
      this.#byte((elements.length << 4) | type);
    } else {
      this.#byte(0xf0 | type);
      this.#varint(elements.length);
    }
    for (const element of elements) writeElement(element);
  }

  structElement(write: () => void): void {
    this.#lastIds.push(0);
    write();
    this.#lastIds.pop();
    this.#byte(0);
  }

  /** A struct that another writer finished. */
  finishedStruct(id: number, bytes: Uint8Array): void {
    this.#fieldHeader(id, thriftType.struct);
    this.finishedStructElement(bytes);
  }

  finishedStructElement(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  integerElement(value: number): void {
    this.#zigzag(value);
  }

  booleanElement(value: boolean): void {
    this.#byte(value ? 1 : 2);
  }

  binaryElement(value: Uint8Array): void {
    this.#varint(value.length);
    this.finishedStructElement(value);
  }

  stringElement(value: string): void {
    this.binaryElement(text.encode(value));
  }

  /** Ends the outermost struct and gives its bytes; the writer is empty again afterwards. */
  finish(): Uint8Array {
    this.#byte(0);
    const bytes = this.#bytes.slice(0, this.#used);
    this.#used = 0;
    this.#lastIds[0] = 0;
    return bytes;
  }

  #fieldHeader(id: number, type: number): void {
    const depth = this.#lastIds.length - 1;
    const difference = id - (this.#lastIds[depth] ?? 0);
    this.#lastIds[depth] = id;
    if (difference > 0 && difference < 16) {
      this.#byte((difference << 4) | type);
    } else {
      this.#byte(type);
      this.#zigzag(id);
    }
  }

  #zigzag(value: number): void {
    this.#varint(value < 0 ? -value * 2 - 1 : value * 2);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#byte((rest % 0x80) + 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#byte(rest);
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#used++] = value;
  }

  #reserve(length: number): void {
    const needed = this.#used + length;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = larger;
  }
}
