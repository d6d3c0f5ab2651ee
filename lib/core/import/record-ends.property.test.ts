import fc from "fast-check";
import { expect, test } from "vitest";
import { CsvReader } from "./csv-reader";
import { findHeaderEnd, RecordEnds } from "./record-ends";

const encode = (text: string) => new TextEncoder().encode(text);
const field = fc.oneof(
  fc.stringMatching(/^[a-z0-9]{1,6}$/),
  fc.stringMatching(/^"([a-z,\n]|""){0,8}"$/),
);
const record = fc.array(field, { minLength: 1, maxLength: 4 }).map((fields) => fields.join(","));
const csv = fc
  .array(record, { minLength: 1, maxLength: 12 })
  .map((records) => records.map((text) => `${text}\n`));
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });

/** The text's bytes in pieces of these sizes, over and over. */
function inPieces(text: string, lengths: readonly number[]): Uint8Array[] {
  const bytes = encode(text);
  const pieces: Uint8Array[] = [];
  for (let from = 0, turn = 0; from < bytes.length; turn += 1) {
    const to = from + (lengths[turn % lengths.length] ?? 1);
    pieces.push(bytes.subarray(from, to));
    from = to;
  }
  return pieces;
}

test("counts each record once, however the text is cut into pieces, and none that a quote holds open", () => {
  fc.assert(
    fc.property(csv, sizes, (records, lengths) => {
      const ends = new RecordEnds("csv");
      let found = 0;
      for (const piece of inPieces(records.join(""), lengths)) found += ends.push(piece).records;
      expect(found).toBe(records.length);
      expect(ends.lines).toBe(records.join("").split("\n").length - 1);
    }),
  );
});

test("cut at any end that is found, both halves read as the whole does, at the lines that are told", () => {
  fc.assert(
    fc.property(csv, sizes, (records, lengths) => {
      const text = records.join("");
      const whole = read(text, 0);
      const ends = new RecordEnds("csv");
      let before = 0;
      for (const piece of inPieces(text, lengths)) {
        const { lastEnd, linesToLastEnd } = ends.push(piece);
        if (lastEnd > 0) {
          const cut = before + lastEnd;
          const bytes = encode(text);
          const halves = [
            ...read(new TextDecoder().decode(bytes.subarray(0, cut)), 0),
            ...read(new TextDecoder().decode(bytes.subarray(cut)), linesToLastEnd),
          ];
          expect(halves).toEqual(whole);
        }
        before += piece.length;
      }
    }),
  );
});

function read(text: string, linesBefore: number) {
  const reader = new CsvReader();
  return [...reader.push(text), ...reader.end()].map((one) => ({
    ...one,
    line: one.line + linesBefore,
  }));
}

test("in NDJSON every line break ends a record, and a quote is a character", () => {
  const { records, lastEnd, linesToLastEnd } = new RecordEnds("ndjson", 10).push(
    encode('{"a":"\\""}\n{"a":1}\n{"a"'),
  );
  expect({ records, lastEnd, linesToLastEnd }).toEqual({
    records: 2,
    lastEnd: 19,
    linesToLastEnd: 12,
  });
});

test("the header ends with the first record that is not blank, mark and blank lines with it", () => {
  expect(findHeaderEnd(encode("a,b\n1,2\n"))).toEqual({ bytes: 4, lines: 1 });
  expect(findHeaderEnd(encode('\ufeff\r\n \n"a\nb",c\r\n1,2\n'))).toEqual({ bytes: 16, lines: 4 });
  expect(findHeaderEnd(encode('"a\nb'))).toBeNull();
  expect(findHeaderEnd(encode("a,b"))).toBeNull();
  expect(findHeaderEnd(encode("\n\n"))).toBeNull();
});
