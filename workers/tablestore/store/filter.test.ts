import { describe, expect, it } from "vitest";
import { encodeVariant } from "@/lib/tablestore/encode-plain-buffer";
import { encodeMessage, type MessageInit } from "@/lib/tablestore/messages";
import type { PlainValue } from "@/lib/tablestore/plain-row";
import { Refusal } from "../refusal";
import type { Cell } from "./cell";
import { compileCondition, compileRowFilter } from "./filter";

const cell = (name: string, value: PlainValue, timestampMs = 1): Cell => {
  const bytes = Buffer.from(encodeVariant(value));
  return { name, operation: 0, timestampMs, bytes, valueStart: 0, valueEnd: bytes.length, crc: 0 };
};
const integer = (value: bigint): PlainValue => ({ type: "integer", value });
const text = (value: string): PlainValue => ({ type: "string", value });

function single(
  columnName: string,
  comparator: MessageInit<"SingleColumnValueFilter">["comparator"],
  value: PlainValue,
  options: { filterIfMissing?: boolean; latestVersionOnly?: boolean } = {},
): Uint8Array {
  const { filterIfMissing = true, latestVersionOnly = true } = options;
  return encodeMessage("Filter", {
    type: "FT_SINGLE_COLUMN_VALUE",
    filter: encodeMessage("SingleColumnValueFilter", {
      comparator,
      columnName,
      columnValue: encodeVariant(value),
      filterIfMissing,
      latestVersionOnly,
    }),
  });
}
function combine(
  combinator: MessageInit<"CompositeColumnValueFilter">["combinator"],
  ...parts: MessageInit<"Filter">[]
): Uint8Array {
  return encodeMessage("Filter", {
    type: "FT_COMPOSITE_COLUMN_VALUE",
    filter: encodeMessage("CompositeColumnValueFilter", { combinator, subFilters: parts }),
  });
}
const nested = (depth: number): Uint8Array => {
  let filter: MessageInit<"Filter"> = {
    type: "FT_COMPOSITE_COLUMN_VALUE",
    filter: encodeMessage("CompositeColumnValueFilter", { combinator: "LO_AND" }),
  };
  for (let level = 0; level < depth; level++) {
    filter = {
      type: "FT_COMPOSITE_COLUMN_VALUE",
      filter: encodeMessage("CompositeColumnValueFilter", {
        combinator: "LO_NOT",
        subFilters: [filter],
      }),
    };
  }
  return encodeMessage("Filter", filter);
};

describe("a filter of one column", () => {
  it("reads the bytes that the official SDK sends", () => {
    const passes = compileCondition(
      Buffer.from("0801121108011201731a0603010000007620002801", "hex"),
    );
    expect(passes([cell("s", text("v"))])).toBe(true);
    expect(passes([cell("s", text("w"))])).toBe(false);
  });

  it("compares integers beyond 2^53 exactly, and text by bytes", () => {
    const max = 2n ** 63n - 1n;
    expect(compileCondition(single("n", "CT_EQUAL", integer(max)))([cell("n", integer(max))])).toBe(
      true,
    );
    expect(
      compileCondition(single("n", "CT_LESS_THAN", integer(max)))([cell("n", integer(max - 1n))]),
    ).toBe(true);
    expect(
      compileCondition(single("t", "CT_GREATER_THAN", text("\uffff")))([
        cell("t", text("\u{1F98A}")),
      ]),
    ).toBe(true);
  });

  it("finds a value of another type unequal and in no order", () => {
    const cells = [cell("n", text("5"))];
    expect(compileCondition(single("n", "CT_EQUAL", integer(5n)))(cells)).toBe(false);
    expect(compileCondition(single("n", "CT_NOT_EQUAL", integer(5n)))(cells)).toBe(true);
    expect(compileCondition(single("n", "CT_LESS_EQUAL", integer(5n)))(cells)).toBe(false);
    expect(compileCondition(single("n", "CT_GREATER_EQUAL", integer(5n)))(cells)).toBe(false);
  });

  it("decides about a missing column as it is told", () => {
    const passes = (filterIfMissing: boolean) =>
      compileCondition(single("n", "CT_EQUAL", integer(5n), { filterIfMissing }))([]);
    expect(passes(true)).toBe(false);
    expect(passes(false)).toBe(true);
  });

  it("looks at older versions only when told to", () => {
    const cells = [cell("n", integer(2n), 20), cell("n", integer(1n), 10)];
    const passes = (latestVersionOnly: boolean) =>
      compileCondition(single("n", "CT_EQUAL", integer(1n), { latestVersionOnly }))(cells);
    expect(passes(true)).toBe(false);
    expect(passes(false)).toBe(true);
  });

  it("orders doubles, with infinities and without NaN", () => {
    const double = (value: number): PlainValue => ({ type: "double", value });
    const less = (a: number, b: number) =>
      compileCondition(single("d", "CT_LESS_THAN", double(b)))([cell("d", double(a))]);
    expect(less(Number.NEGATIVE_INFINITY, 0)).toBe(true);
    expect(less(1, Number.POSITIVE_INFINITY)).toBe(true);
    expect(less(Number.NaN, 1)).toBe(false);
    const isInfinite = single("d", "CT_EQUAL", double(Number.POSITIVE_INFINITY));
    expect(compileCondition(isInfinite)([cell("d", double(Number.POSITIVE_INFINITY))])).toBe(true);
  });
});

describe("filters that cannot be", () => {
  const refused = (bytes: Uint8Array) => expect(() => compileCondition(bytes)).toThrow(Refusal);

  it("are refused: nonsense, cut values, too deep, too many, none inside", () => {
    refused(Buffer.from("ffff", "hex"));
    refused(combine("LO_AND"));
    refused(combine("LO_NOT"));
    refused(nested(3));
    refused(nested(1000));
    const part = { type: "FT_SINGLE_COLUMN_VALUE" as const, filter: new Uint8Array(0) };
    refused(combine("LO_OR", ...Array.from({ length: 40 }, () => part)));
    refused(
      encodeMessage("Filter", {
        type: "FT_SINGLE_COLUMN_VALUE",
        filter: encodeMessage("SingleColumnValueFilter", {
          comparator: "CT_EQUAL",
          columnName: "n",
          columnValue: Buffer.from("0005", "hex"),
          filterIfMissing: true,
          latestVersionOnly: true,
        }),
      }),
    );
  });

  it("pages columns in reads and not in conditions", () => {
    const paging = encodeMessage("Filter", {
      type: "FT_COLUMN_PAGINATION",
      filter: encodeMessage("ColumnPaginationFilter", { offset: 1, limit: 2 }),
    });
    expect(compileRowFilter(paging).page).toEqual({ offset: 1, limit: 2 });
    refused(paging);
  });
});
