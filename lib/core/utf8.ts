/** Bytes that a text takes in UTF-8. Lone surrogates count as the 3 bytes of their replacement. */
export function utf8ByteLength(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** Where the first half of a character stands without its other half, or -1. Such text has no UTF-8. */
export function findLoneSurrogate(text: string): number {
  return text.search(/\p{Surrogate}/u);
}
