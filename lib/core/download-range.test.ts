import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseColumns, readRange, sliceObjects } from "./download-range";

describe("a read of a snapshot", () => {
  it("takes every row once, whatever pieces it is read in", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 8 }),
        fc.array(fc.nat(80), { maxLength: 6 }),
        (sizes, cuts) => {
          let rows = 0;
          const objects = sizes.map((size, id) => {
            rows += size;
            return { id, firstRow: rows - size, rows: size };
          });
          const places = [0, ...cuts.filter((cut) => cut <= rows), rows].sort((a, b) => a - b);
          const read = places
            .slice(1)
            .flatMap((to, index) =>
              sliceObjects(objects, places[index] ?? 0, to).flatMap(({ object, from, to: end }) =>
                Array.from({ length: end - from }, (_, at) => object.firstRow + from + at),
              ),
            );
          expect(read).toEqual(Array.from({ length: rows }, (_, at) => at));
        },
      ),
    );
  });

  it("asks for at least one row, and for none beyond the last", () => {
    expect(readRange(10, 0, null)).toEqual({ kind: "range", from: 0, to: 10 });
    expect(readRange(10, 9, 1)).toEqual({ kind: "range", from: 9, to: 10 });
    expect(readRange(10, 10, null)).toEqual({ kind: "range", from: 10, to: 10 });
    expect(readRange(0, 0, null)).toEqual({ kind: "range", from: 0, to: 0 });
    for (const [from, count] of [
      [0, 11],
      [10, 1],
      [0, 0],
      [5, -1],
      [11, null],
    ] as const) {
      expect(readRange(10, from, count)).toEqual({ kind: "invalid" });
    }
  });

  it("names columns once each, partition columns only when asked", () => {
    const snapshot = {
      columns: [{ name: "id", type: "INT64" as const }],
      partitionColumns: ["ds"],
    };
    const names = (asked: string[] | null) => {
      const chosen = chooseColumns(snapshot, asked);
      return chosen.kind === "columns" ? chosen.columns.map(({ name }) => name) : chosen.kind;
    };
    expect(names(null)).toEqual(["id"]);
    expect(names(["ds", "id"])).toEqual(["ds", "id"]);
    expect([names([]), names(["x"]), names(["id", "id"])]).toEqual(Array(3).fill("invalid"));
  });
});
