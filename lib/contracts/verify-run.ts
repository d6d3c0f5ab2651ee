import { z } from "zod";
import { lostReasons } from "@/lib/core/verify-objects";
import { failureViewSchema } from "./error-view";

const count = z.int().min(0);
const instant = z.iso.datetime().nullable();
const lostBecause = z.enum(lostReasons);

const findingSchema = z
  .discriminatedUnion("kind", [
    z.object({
      kind: z.literal("missing"),
      key: z.string(),
      rows: count,
      bytes: count,
      lane: count,
      batchNumber: count,
      lostBecause: lostBecause.nullable(),
    }),
    z.object({
      kind: z.literal("altered"),
      key: z.string(),
      lane: count,
      batchNumber: count,
      differences: z.array(z.enum(["size", "checksum", "rows", "identity", "footer"])),
    }),
    z.object({ kind: z.literal("foreign"), key: z.string(), bytes: count }),
    z.object({
      kind: z.literal("overlapping"),
      key: z.string(),
      of: z.string().nullable().meta({ description: "The object that it copies." }),
    }),
    z.object({
      kind: z.literal("gap"),
      channelId: z.string(),
      lane: count,
      batchNumber: count,
      what: z.enum(["number", "range", "account", "rows", "total", "position"]),
    }),
    z.object({
      kind: z.literal("unbalanced"),
      commit: z.string().nullable().meta({ description: "null: all of a dataset's commits." }),
      ...{ saidRows: count, saidObjects: count, rows: count, objects: count },
    }),
  ])
  .meta({ id: "VerifyFinding" });

/** As it is stored, too. */
export const verifyReportSchema = z
  .object({
    bucket: z.string(),
    folders: z.array(z.string()),
    deep: z.boolean(),
    counts: z
      .object({
        ...{ missing: count, altered: count, foreign: count, overlapping: count, gap: count },
        // Reports that were stored before datasets were verified lack it.
        unbalanced: count.default(0),
        ...{ listed: count, whole: count, wholeRows: count, missingRows: count, pending: count },
        ...{ others: count, replaced: count, elsewhere: count, batches: count, unproven: count },
      })
      .meta({ description: "Exact." }),
    findings: z.array(findingSchema).meta({ description: "The first of each kind." }),
    redelivery: z
      .object({
        objects: count,
        rows: count,
        fullScan: z.boolean(),
        lostRanges: count,
        lostObjects: count,
        lostRows: count,
        lost: z.array(
          z.object({
            channelId: z.string(),
            lane: count,
            fromBatch: count,
            toBatch: count,
            objects: count,
            rows: count,
            because: lostBecause,
          }),
        ),
      })
      .nullable()
      .meta({ description: "What was delivered again; null when nothing was to be." }),
  })
  .meta({ id: "VerifyReport" });
/** One verification of a task or a dataset: a job that a delivery worker runs. */
export const verifyRunSchema = z
  .object({
    id: z.uuid(),
    state: z.enum(["waiting", "running", "finished", "failed"]).meta({
      description:
        "`failed`: it ended without a report. `waiting` with an error: it is tried again.",
    }),
    reason: z.enum(["asked", "bucket_missing"]),
    deep: z.boolean(),
    redeliver: z.boolean(),
    askedAt: z.iso.datetime(),
    startedAt: instant,
    finishedAt: instant,
    objectsChecked: count,
    clean: z.boolean().nullable().meta({ description: "null without a report." }),
    report: verifyReportSchema.nullable(),
    error: failureViewSchema.nullable(),
    nextTryAt: instant,
  })
  .meta({ id: "VerifyRun" });
export type VerifyRunView = z.infer<typeof verifyRunSchema>;

export const verifyBodySchema = z.strictObject({
  deep: z
    .boolean()
    .default(false)
    .meta({ description: "Read whole objects, not only their footers." }),
  redeliver: z.boolean().default(false).meta({
    description: "Deliver again what is missing, as far as the source still has it.",
  }),
});

/** Of a dataset: what sessions wrote, only their clients could write again. */
export const verifyDatasetBodySchema = verifyBodySchema.pick({ deep: true });

export const verifyQuerySchema = z.strictObject({
  run: z.uuid().optional().meta({ description: "Left out: the newest." }),
});

/** The answer of a GET; `run` is null as long as nobody has verified it. */
export const verifyStateSchema = z.object({ run: verifyRunSchema.nullable() });
export type VerifyStateView = z.infer<typeof verifyStateSchema>;
