import fc from "fast-check";
import { expect, test } from "vitest";
import { RecordCutter } from "./whole-records";

const header = '"id\n",note\n';
const rowsOf = (count: number) =>
  Array.from({ length: count }, (_, at) => `${at},"a ""${"\n".repeat(at % 3)}""\nb"\n`);
const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Pushes the answer in pieces, up to where it breaks. */
function take(cutter: RecordCutter, answer: Uint8Array<ArrayBuffer>, size: number, to: number) {
  let text = "";
  let rows = 0;
  for (let from = 0; from < to; from += size) {
    const whole = cutter.push(answer.slice(from, Math.min(to, from + size)));
    text += textOf(whole.bytes);
    rows += whole.rows;
  }
  return { text, rows };
}

test("an answer that breaks anywhere and is taken up at its next row gives the same file", () => {
  const broken = fc.record({
    rows: fc.integer({ min: 0, max: 12 }),
    size: fc.integer({ min: 1, max: 40 }),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(broken, ({ rows, size, at }) => {
      const all = rowsOf(rows);
      const whole = header + all.join("");
      const first = bytesOf(whole);
      const got = take(new RecordCutter("csv", true), first, size, Math.floor(at * first.length));
      // Without the header nothing was taken: the next answer is the first one again.
      const isFirst = got.text === "";
      expect(got.text).toBe(isFirst ? "" : header + all.slice(0, got.rows).join(""));
      const second = bytesOf(header + all.slice(got.rows).join(""));
      const rest = take(new RecordCutter("csv", isFirst), second, size, second.length);
      expect(got.text + rest.text).toBe(whole);
      expect(got.rows + rest.rows).toBe(rows);
    }),
  );
});

test("of NDJSON every line is a row", () => {
  const cutter = new RecordCutter("ndjson", true);
  expect(cutter.push(bytesOf('{"a":1}\n{"a":"'))).toEqual({ bytes: bytesOf('{"a":1}\n'), rows: 1 });
  expect(cutter.push(bytesOf('x"}\n'))).toEqual({ bytes: bytesOf('{"a":"x"}\n'), rows: 1 });
});
