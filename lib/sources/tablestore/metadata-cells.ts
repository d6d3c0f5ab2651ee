import type { RowTarget } from "@/lib/core/ports/row-target";
import type { MetadataColumn } from "@/lib/core/schema-mapping";
import { actionCode } from "@/lib/tablestore/read-records";

/** A sequence is `%08x:%016x:%08x`, or its zeros. */
const sequenceBytes = 34;
const padding = 8;
const colon = 0x3a;

/** Two hex digits of each byte, as they stand in memory. */
const hexDigits = Uint16Array.from({ length: 256 }, (_, byte) => {
  const text = byte.toString(16).padStart(2, "0");
  return text.charCodeAt(0) | (text.charCodeAt(1) << 8);
});

/** Puts the metadata columns of a row, which stand after the mapping's columns. */
export class MetadataCells {
  readonly count: number;
  private readonly columns: readonly MetadataColumn[];
  private readonly firstColumn: number;
  private readonly scratch = new DataView(new ArrayBuffer(sequenceBytes + padding));

  constructor(columns: readonly MetadataColumn[], firstColumn: number) {
    this.columns = columns;
    this.count = columns.length;
    this.firstColumn = firstColumn;
  }

  /**
   * `extensionAt` is where the record's microseconds lie in `source`, 0 for base data; then
   * `writtenAtMs` stands in, and 0 there means that the record has no time at all.
   */
  put(
    target: RowTarget,
    action: number,
    source: DataView,
    extensionAt: number,
    writtenAtMs: number,
  ): void {
    for (let at = 0; at < this.count; at++) {
      const column = this.firstColumn + at;
      switch (this.columns[at]) {
        case "_action":
          putText(target, column, action === actionCode.update ? updateText : putTextBytes);
          break;
        case "_written_at":
          if (extensionAt > 0) target.putInt64(column, source, extensionAt);
          else if (writtenAtMs > 0) this.putMicroseconds(target, column, writtenAtMs);
          break;
        case "_sequence":
          this.putSequence(target, column, source, extensionAt);
          break;
        default:
      }
    }
  }

  private putMicroseconds(target: RowTarget, column: number, ms: number): void {
    const us = ms * 1000;
    if (!Number.isSafeInteger(us)) return;
    this.scratch.setUint32(0, us % 0x1_0000_0000, true);
    this.scratch.setInt32(4, Math.floor(us / 0x1_0000_0000), true);
    target.putInt64(column, this.scratch, 0);
  }

  private putSequence(
    target: RowTarget,
    column: number,
    source: DataView,
    extensionAt: number,
  ): void {
    const { scratch } = this;
    // Tags stand between: i32 epoch, tag, i64 timestamp, tag, i32 row index.
    const epochAt = extensionAt - 5;
    const indexAt = extensionAt + 9;
    for (let byte = 0; byte < 4; byte++) {
      const epoch = extensionAt > 0 ? source.getUint8(epochAt + 3 - byte) : 0;
      const index = extensionAt > 0 ? source.getUint8(indexAt + 3 - byte) : 0;
      scratch.setUint16(byte * 2, hexDigits[epoch] as number, true);
      scratch.setUint16(26 + byte * 2, hexDigits[index] as number, true);
    }
    for (let byte = 0; byte < 8; byte++) {
      const timestamp = extensionAt > 0 ? source.getUint8(extensionAt + 7 - byte) : 0;
      scratch.setUint16(9 + byte * 2, hexDigits[timestamp] as number, true);
    }
    scratch.setUint8(8, colon);
    scratch.setUint8(25, colon);
    target.putBytes(column, scratch, 0, sequenceBytes);
  }
}

const putTextBytes = textView("put");
const updateText = textView("update");

/** With room behind the text, so that it can be copied by words. */
function textView(text: string): { view: DataView; length: number } {
  const bytes = new Uint8Array(text.length + padding);
  bytes.set(new TextEncoder().encode(text));
  return { view: new DataView(bytes.buffer), length: text.length };
}

function putText(
  target: RowTarget,
  column: number,
  text: { view: DataView; length: number },
): void {
  target.putBytes(column, text.view, 0, text.length);
}
