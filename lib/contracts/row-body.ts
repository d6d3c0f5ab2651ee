import { z } from "zod";
import { readInt64 } from "@/lib/core/int64";
import type { SampleCell } from "@/lib/core/record";
import { pageQueryShape } from "./paging";

/** Any name within the documented length: rows hold names that today's rules for new ones refuse. */
const cellNameSchema = z.string().min(1).max(255);
/** Documented bounds of the service: columns written at once, rows of a batch. */
const cellsPerRowMax = 1024;
export const importRowsMax = 200;

const int64Schema = z
  .union([z.string().max(40), z.int()], { error: "must be a whole number" })
  .transform((value, context) => {
    const text = readInt64(String(value));
    if (text === null) {
      context.addIssue({ code: "custom", message: "must be a whole number of 64 bits" });
    }
    return text ?? "0";
  });
const doubleSchema = z
  .union([z.number(), z.enum(["NaN", "Infinity", "-Infinity"])], { error: "must be a number" })
  .transform(Number);

/** Integers as decimal text (they exceed 2^53; small ones may be numbers), binary as base64. */
export const cellSchema = z
  .discriminatedUnion("type", [
    z.strictObject({ name: cellNameSchema, type: z.literal("boolean"), value: z.boolean() }),
    z.strictObject({ name: cellNameSchema, type: z.literal("integer"), value: int64Schema }),
    z.strictObject({ name: cellNameSchema, type: z.literal("double"), value: doubleSchema }),
    z.strictObject({ name: cellNameSchema, type: z.literal("string"), value: z.string() }),
    z.strictObject({
      name: cellNameSchema,
      type: z.literal("binary"),
      value: z.base64({ error: "must be base64" }),
    }),
  ])
  .meta({ id: "Cell" });
const cellsSchema = z.array(cellSchema).max(cellsPerRowMax);

export const cellViewSchema = z
  .object({
    name: z.string(),
    type: z.enum(["boolean", "integer", "double", "string", "binary"]),
    /** Integers as decimal text, binary as base64, doubles that JSON cannot hold by their names. */
    value: z.union([z.string(), z.number(), z.boolean()]),
  })
  .meta({ id: "CellView" });
export type CellView = z.infer<typeof cellViewSchema>;

export const rowViewSchema = z
  .object({ key: z.array(cellViewSchema), attributes: z.array(cellViewSchema) })
  .meta({ id: "Row" });
export type RowView = z.infer<typeof rowViewSchema>;

const keyText = z.string().max(8192).optional();
export const rowListQuerySchema = z
  .strictObject({
    ...pageQueryShape,
    /** A row's key, so as long as keys get. */
    cursor: z.string().min(1).max(32_768).optional(),
    keyEquals: keyText,
    keyPrefix: keyText,
    keyFrom: keyText,
    keyTo: keyText,
  })
  .meta({ id: "RowListQuery" });
export type RowListQuery = z.output<typeof rowListQuerySchema>;

/** A page of rows has no total: the source does not count them, and nobody reads a table for that. */
export const rowPageSchema = z
  .object({ items: z.array(rowViewSchema), nextCursor: z.string().nullable() })
  .meta({ id: "RowPage" });
export type RowPageView = z.infer<typeof rowPageSchema>;

export const rowBodySchema = z.strictObject({ cells: cellsSchema }).meta({ id: "RowBody" });

export const rowPatchSchema = z
  .strictObject({
    key: z.array(cellSchema).min(1).max(4),
    set: cellsSchema.default([]),
    remove: z.array(cellNameSchema).max(cellsPerRowMax).default([]),
  })
  .meta({ id: "RowPatch" });

export const rowKeySchema = z
  .strictObject({ key: z.array(cellSchema).min(1).max(4) })
  .meta({ id: "RowKey" });

/** Each row is checked by itself, so that one that cannot be written does not hold up the others. */
export const importBodySchema = z
  .strictObject({
    rows: z
      .array(z.strictObject({ cells: z.array(z.unknown()) }))
      .min(1)
      .max(importRowsMax),
  })
  .meta({ id: "ImportBody" });

export const importResultSchema = z
  .object({
    written: z.int().min(0),
    refused: z.array(
      z.object({
        /** Counted from 0 in the request's rows. */
        index: z.int().min(0),
        column: z.string().nullable(),
        message: z.string(),
      }),
    ),
  })
  .meta({ id: "ImportResult" });
export type ImportResult = z.infer<typeof importResultSchema>;

/** JSON has no NaN and no infinity: they go by their names, as they come in. */
export function cellViewOf({ name, type, value }: SampleCell): CellView {
  const isUnwritable = typeof value === "number" && !Number.isFinite(value);
  return { name, type, value: isUnwritable ? String(value) : value };
}
