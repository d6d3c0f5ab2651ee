import { AppError, invariant } from "@/lib/core/error";
import { type ThriftWriter, thriftType } from "./thrift-compact";

/** A struct whose meaning is unknown: what stands under each field id, in ascending order. */
export type ThriftStruct = Map<number, ThriftValue>;
export type ThriftValue =
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "int16" | "int32" | "int64"; readonly value: number }
  | { readonly kind: "binary"; readonly value: Uint8Array }
  | { readonly kind: "list"; readonly elements: readonly ThriftValue[] }
  | { readonly kind: "struct"; readonly fields: ThriftStruct };

const kindOf = {
  [thriftType.int16]: "int16",
  [thriftType.int32]: "int32",
  [thriftType.int64]: "int64",
} as const;

/**
 * Reads a struct in Thrift's compact protocol without knowing it, as far as Parquet's metadata goes.
 * Integers are exact up to 2^53. For bytes that our own libraries wrote: anything else is a bug.
 */
export function readThriftStruct(bytes: Uint8Array): ThriftStruct {
  return new ThriftReader(bytes).struct();
}

/** Writes what `readThriftStruct` read into the open struct. */
export function writeThriftFields(thrift: ThriftWriter, fields: ThriftStruct): void {
  for (const [id, value] of fields) writeThriftField(thrift, id, value);
}

export function writeThriftField(thrift: ThriftWriter, id: number, value: ThriftValue): void {
  if (value.kind === "list") {
    const type = thriftType[value.elements[0]?.kind ?? "struct"];
    thrift.list(id, type, value.elements, (element) => writeElement(thrift, element));
  } else if (value.kind === "struct") {
    thrift.struct(id, () => writeThriftFields(thrift, value.fields));
  } else if (value.kind === "binary") {
    thrift.binary(id, value.value);
  } else if (value.kind === "boolean") {
    thrift.boolean(id, value.value);
  } else {
    thrift[value.kind](id, value.value);
  }
}

function writeElement(thrift: ThriftWriter, element: ThriftValue): void {
  invariant(element.kind !== "list", "Parquet's metadata has no lists of lists");
  if (element.kind === "struct") {
    thrift.structElement(() => writeThriftFields(thrift, element.fields));
  } else if (element.kind === "binary") {
    thrift.binaryElement(element.value);
  } else if (element.kind === "boolean") {
    thrift.booleanElement(element.value);
  } else {
    thrift.integerElement(element.value);
  }
}

class ThriftReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  struct(): ThriftStruct {
    const fields: ThriftStruct = new Map();
    let id = 0;
    for (;;) {
      const header = this.#byte();
      const type = header & 0x0f;
      if (type === 0) return fields;
      const difference = header >>> 4;
      id = difference === 0 ? this.#zigzag() : id + difference;
      // A field's boolean is its type.
      const isBoolean = type === 1 || type === 2;
      fields.set(id, isBoolean ? { kind: "boolean", value: type === 1 } : this.#value(type));
    }
  }

  #value(type: number): ThriftValue {
    switch (type) {
      case thriftType.int16:
      case thriftType.int32:
      case thriftType.int64:
        return { kind: kindOf[type], value: this.#zigzag() };
      case thriftType.binary: {
        const length = this.#varint();
        const start = this.#at;
        this.#at += length;
        invariant(this.#at <= this.#bytes.length, "Parquet metadata is cut short");
        return { kind: "binary", value: this.#bytes.slice(start, this.#at) };
      }
      case thriftType.list:
        return this.#list();
      case thriftType.struct:
        return { kind: "struct", fields: this.struct() };
      default:
        throw new AppError(
          "internal.invariant_broken",
          `Parquet metadata holds the Thrift type ${type}`,
        );
    }
  }

  #list(): ThriftValue {
    const header = this.#byte();
    const type = header & 0x0f;
    const count = header >>> 4 === 15 ? this.#varint() : header >>> 4;
    const isBoolean = type === 1 || type === 2;
    const elements = Array.from(
      { length: count },
      (): ThriftValue =>
        isBoolean ? { kind: "boolean", value: this.#byte() === 1 } : this.#value(type),
    );
    return { kind: "list", elements };
  }

  #zigzag(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    invariant(byte !== undefined, "Parquet metadata is cut short");
    return byte;
  }
}
