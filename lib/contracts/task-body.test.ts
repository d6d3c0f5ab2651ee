import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidInputError } from "@/lib/core/invalid-input";
import { parseFields, parseInput } from "./field-problems";
import { settingsOf, taskBodySchema, taskBodyShape, taskPatchSchema } from "./task-body";

const least = {
  name: "orders",
  sourceId: "embedded",
  table: "orders",
  destinationId: "embedded",
  prefix: "orders/$yyyy",
  mode: "differential",
  schema: { kind: "auto" },
} as const;

const fieldsOf = (run: () => unknown): string[] => {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof InvalidInputError) return thrown.problems.map(({ field }) => field);
    throw thrown;
  }
  return [];
};

describe("task body", () => {
  it("fills in the documented defaults", () => {
    expect(settingsOf(parseInput(taskBodySchema, least))).toEqual({
      ...least,
      timeZone: "UTC",
      eventTime: null,
      flush: { seconds: 120, bytes: 134_217_728 },
      dirtyPrefix: "_dirty/orders/",
      compression: "uncompressed",
      objectSuffix: "",
      metadataColumns: [],
    });
  });

  it("keeps a dirty prefix of null, which switches dirty objects off", () => {
    expect(
      settingsOf(parseInput(taskBodySchema, { ...least, dirtyPrefix: null })).dirtyPrefix,
    ).toBe(null);
  });

  it("fills in the part of flush and of a mapped column that is left out", () => {
    const body = parseInput(taskBodySchema, {
      ...least,
      flush: { seconds: 5 },
      schema: { kind: "manual", columns: [{ source: "a", name: "b", type: "INT64" }] },
    });
    expect(body.flush).toEqual({ seconds: 5, bytes: 134_217_728 });
    expect(body.schema).toEqual({
      kind: "manual",
      columns: [{ source: "a", name: "b", type: "INT64", encoding: "PLAIN" }],
    });
  });

  it("names every problem at once, each by its field", () => {
    const fields = fieldsOf(() =>
      parseInput(taskBodySchema, {
        sourceId: 7,
        table: "",
        destinationId: "embedded",
        prefix: "p",
        mode: "both",
        schema: { kind: "manual", columns: [{ source: "a", name: "b", type: "INT32" }] },
        flush: { seconds: 4, bytes: 1 },
        eventTime: { column: "t", format: "ISO" },
        compression: "gzip",
        metadataColumns: ["_action", "_action"],
        thresholds: { lateAfterSeconds: 1 },
        flushes: 1,
      }),
    );
    expect(fields.toSorted()).toEqual(
      [
        "compression",
        "eventTime.format",
        "flush.bytes",
        "flush.seconds",
        "flushes",
        "metadataColumns",
        "mode",
        "name",
        "schema.columns[0].type",
        "sourceId",
        "table",
        "thresholds.lateAfterSeconds",
      ].toSorted(),
    );
  });

  it("keeps the fields that are right when others are wrong", () => {
    const { fields, problems } = parseFields(taskBodyShape, { ...least, name: 1, mode: "x" });
    expect(problems.map(({ field }) => field)).toEqual(["name", "mode"]);
    expect(fields.prefix).toBe(least.prefix);
    expect(fields.name).toBe(undefined);
    expect(fields.timeZone).toBe("UTC");
  });

  it("says in words what is missing, unknown, out of range or not a choice", () => {
    const { problems } = parseFields(taskBodyShape, {
      ...least,
      name: undefined,
      mode: "both",
      flush: { seconds: 901 },
      schema: { kind: "guess" },
      prefx: "a",
    });
    expect(Object.fromEntries(problems.map(({ field, message }) => [field, message]))).toEqual({
      prefx: "This is not known.",
      name: "This is required.",
      mode: 'This must be one of "full", "incremental", "differential".',
      "flush.seconds": "This must be at most 900.",
      "schema.kind": "This is not a kind that exists.",
    });
  });

  it("never throws anything but InvalidInputError, whatever the JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (input) => {
        const { problems } = parseFields(taskBodyShape, input);
        expect(problems.length).toBeGreaterThan(0);
        expect(fieldsOf(() => parseInput(taskBodySchema, input)).length).toBeGreaterThan(0);
      }),
    );
  });
});

describe("task patch", () => {
  it("refuses each setting that delivered objects rest on", () => {
    const { thresholds: _t, schema: _s, ...fixed } = least as typeof least & { thresholds?: never };
    expect(
      fieldsOf(() => parseInput(taskPatchSchema, { ...fixed, timeZone: "UTC", objectSuffix: "" })),
    ).toEqual([
      "name",
      "sourceId",
      "table",
      "destinationId",
      "prefix",
      "mode",
      "timeZone",
      "objectSuffix",
    ]);
  });
});
