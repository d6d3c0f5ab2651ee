import { z } from "zod";

/** Bounds that the service documents for its tables. */
export const streamHoursMax = 168;
const keyColumnsMax = 4;
const definedColumnsMax = 32;
const dayInSeconds = 86_400;

const nameSchema = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_]{0,254}$/,
    "must be 1 to 255 letters, digits and underscores, not beginning with a digit",
  );
const streamHours = z.int().min(1).max(streamHoursMax).nullable();
const timeToLiveSeconds = z
  .int()
  .max(2_147_483_647)
  .refine((seconds) => seconds === -1 || seconds >= dayInSeconds, {
    error: "must be -1 (forever) or at least 86400 (a day)",
  });

const keyColumnSchema = z.strictObject({
  name: nameSchema,
  type: z.enum(["string", "integer", "binary"]),
  autoIncrement: z.boolean().default(false),
});
const definedColumnSchema = z.strictObject({
  name: nameSchema,
  type: z.enum(["string", "integer", "double", "boolean", "binary"]),
});

export const tableBodySchema = z
  .strictObject({
    name: nameSchema,
    primaryKey: z.array(keyColumnSchema).min(1).max(keyColumnsMax),
    definedColumns: z.array(definedColumnSchema).max(definedColumnsMax).default([]),
    timeToLiveSeconds: timeToLiveSeconds.default(-1),
    /** Versions kept of each cell. */
    versionsMax: z.int().min(1).max(1_000_000).default(1),
    /** Hours that the stream keeps changes; null leaves it off. */
    streamExpirationHours: streamHours.default(null),
  })
  .superRefine(({ primaryKey, definedColumns }, context) => {
    const refuse = (path: PropertyKey[], message: string) =>
      context.addIssue({ code: "custom", path, message });
    const seen = new Set<string>();
    const lists = { primaryKey, definedColumns };
    for (const [list, columns] of Object.entries(lists)) {
      columns.forEach(({ name }, index) => {
        if (seen.has(name)) refuse([list, index, "name"], "is given twice");
        seen.add(name);
      });
    }
    primaryKey.forEach(({ type, autoIncrement }, index) => {
      if (!autoIncrement) return;
      const at = ["primaryKey", index, "autoIncrement"];
      if (index === 0) refuse(at, "cannot be on for the first column of the key");
      if (type !== "integer") refuse(at, "takes a column of type integer");
      if (primaryKey.slice(0, index).some((column) => column.autoIncrement)) {
        refuse(at, "can be on for one column only");
      }
    });
  })
  .meta({ id: "TableBody" });

/** Without a field, nothing changes there. */
export const tablePatchSchema = z
  .strictObject({
    streamExpirationHours: streamHours.optional(),
    timeToLiveSeconds: timeToLiveSeconds.optional(),
  })
  .refine((patch) => Object.keys(patch).length > 0, { error: "must change something" })
  .meta({ id: "TablePatch" });
