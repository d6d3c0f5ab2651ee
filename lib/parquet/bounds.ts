/** A minimum or maximum as metadata holds it: PLAIN bytes without a length. */
export type Bound = {
  readonly bytes: Uint8Array;
  /** False: cut down, so it bounds the values but is none of them. */
  readonly exact: boolean;
};

/** `null` on a side means that nothing is known there: only nulls or NaN, or a maximum beyond cutting. */
export type Bounds = { readonly min: Bound | null; readonly max: Bound | null };

/** How a column's bounds compare (the format's TypeDefinedOrder). */
export type BoundOrder = (a: Uint8Array, b: Uint8Array) => number;

/** Bounds of strings and binaries are cut to this: a footer must not grow with its values. */
export const boundBytesMax = 64;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** Unsigned and lexicographic: for UTF-8 that is the order of code points. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const difference = (a[at] as number) - (b[at] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Signed, 8 bytes little-endian. */
export function compareInt64(a: Uint8Array, b: Uint8Array): number {
  const left = viewOf(a).getBigInt64(0, true);
  const right = viewOf(b).getBigInt64(0, true);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** By value; NaN never becomes a bound. */
export function compareDouble(a: Uint8Array, b: Uint8Array): number {
  return viewOf(a).getFloat64(0, true) - viewOf(b).getFloat64(0, true);
}

/** A lower bound of the value, at most `boundBytesMax` bytes; text stays whole characters. */
export function lowerBound(value: Uint8Array, isText: boolean): Bound {
  if (value.length <= boundBytesMax) return { bytes: value.slice(), exact: true };
  return { bytes: cut(value, isText).slice(), exact: false };
}

/**
 * An upper bound of the value, at most a few bytes over `boundBytesMax`: what is left after the cut,
 * raised by one. Null when it cannot be raised, as when it is all U+10FFFF or all FF.
 */
export function upperBound(value: Uint8Array, isText: boolean): Bound | null {
  if (value.length <= boundBytesMax) return { bytes: value.slice(), exact: true };
  const prefix = cut(value, isText);
  const raised = isText ? raiseText(prefix) : raiseBinary(prefix);
  return raised && { bytes: raised, exact: false };
}

/** Bounds of the union of two sets that each hold at least one value. */
export function mergeBounds(a: Bounds, b: Bounds, order: BoundOrder): Bounds {
  return {
    min: a.min && b.min && (order(a.min.bytes, b.min.bytes) <= 0 ? a.min : b.min),
    max: a.max && b.max && (order(a.max.bytes, b.max.bytes) >= 0 ? a.max : b.max),
  };
}

function cut(value: Uint8Array, isText: boolean): Uint8Array {
  let length = boundBytesMax;
  while (isText && length > 0 && ((value[length] as number) & 0xc0) === 0x80) length--;
  return value.subarray(0, length);
}

function raiseBinary(prefix: Uint8Array): Uint8Array | null {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length--;
  if (length === 0) return null;
  const raised = prefix.slice(0, length);
  raised[length - 1] = (raised[length - 1] as number) + 1;
  return raised;
}

function raiseText(prefix: Uint8Array): Uint8Array | null {
  const points = Array.from(decoder.decode(prefix), (character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === 0x10ffff) points.pop();
  const last = points.pop();
  if (last === undefined) return null;
  // Surrogates are no characters: U+D7FF is followed by U+E000.
  points.push(last === 0xd7ff ? 0xe000 : last + 1);
  return encoder.encode(points.map((point) => String.fromCodePoint(point)).join(""));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
