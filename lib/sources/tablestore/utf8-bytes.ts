import { isUtf8 } from "node:buffer";

/** From here on the runtime's own check is faster than ours, in spite of the view that it needs. */
const nativeBytesMin = 96;

/**
 * Whether view[start, start + length) is UTF-8. The byte after it, if it is read at all, must not look
 * like the middle of a character: in a record it is a tag.
 */
export function isValidUtf8(view: DataView, start: number, length: number): boolean {
  if (length >= nativeBytesMin) {
    return isUtf8(new Uint8Array(view.buffer, view.byteOffset + start, length));
  }
  const end = start + length;
  let at = start;
  while (at < end) {
    const lead = view.getUint8(at);
    if (lead < 0x80) at++;
    else if (lead < 0xc2) return false;
    else if (lead < 0xe0) {
      if (!isMiddle(view, at + 1)) return false;
      at += 2;
    } else if (lead < 0xf0) {
      // E0 and ED are followed by less than the whole range: no overlong forms, no surrogates.
      if (!isMiddle(view, at + 1) || !isMiddle(view, at + 2)) return false;
      const second = view.getUint8(at + 1);
      if ((lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f)) return false;
      at += 3;
    } else {
      if (lead > 0xf4 || !isMiddle(view, at + 1)) return false;
      if (!isMiddle(view, at + 2) || !isMiddle(view, at + 3)) return false;
      const second = view.getUint8(at + 1);
      if ((lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f)) return false;
      at += 4;
    }
  }
  return true;
}

function isMiddle(view: DataView, at: number): boolean {
  return (view.getUint8(at) & 0xc0) === 0x80;
}
