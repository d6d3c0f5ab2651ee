import { z } from "zod";
import { pageOf, pageQueryShape } from "./paging";

const instant = z.iso.datetime().nullable();

export const tunnelTypeSchema = z.enum(["BaseData", "Stream", "BaseAndStream"]);

const tunnelShape = {
  name: z.string(),
  table: z.string(),
  tunnelId: z.string(),
  type: tunnelTypeSchema,
  stage: z.enum(["initialising", "base", "stream"]),
  expired: z.boolean(),
  createdAt: instant,
  /** The task that reads it; null: somebody else does. */
  task: z.string().nullable(),
};

export const tunnelSummarySchema = z.object(tunnelShape).meta({ id: "TunnelSummary" });
export type TunnelSummaryView = z.infer<typeof tunnelSummarySchema>;
export const tunnelListQuerySchema = z.strictObject({
  ...pageQueryShape,
  table: z.string().min(1).max(255).optional(),
});
export const tunnelPageSchema = pageOf(tunnelSummarySchema);

export const tunnelChannelSchema = z.object({
  channelId: z.string(),
  kind: z.enum(["base", "stream"]),
  status: z.enum(["waiting", "open", "closing", "closed", "terminated"]),
  clientId: z.string().nullable(),
  /** Everything written before was consumed; null for base data and when the source does not tell. */
  consumedThrough: instant,
  records: z.int().min(0).nullable(),
});

export const tunnelViewSchema = z
  .object({
    ...tunnelShape,
    channels: z.array(tunnelChannelSchema),
    /** The slowest stream channel that is still read. */
    consumedThrough: instant,
    /** Seconds from then to now. */
    latencySeconds: z.number().min(0).nullable(),
    streamExpirationHours: z.int().nullable(),
    /** When the stream forgets what the slowest channel would read next; null without a stream. */
    expiresAt: instant,
  })
  .meta({ id: "Tunnel" });
export type TunnelView = z.infer<typeof tunnelViewSchema>;

/** Of a tunnel, as its view names them. */
export const splitBodySchema = z
  .strictObject({ channelId: z.string().min(1).max(255) })
  .meta({ id: "SplitBody" });

export const tunnelBodySchema = z
  .strictObject({
    name: z
      .string()
      .regex(
        /^[A-Za-z_][A-Za-z0-9_-]{0,254}$/,
        "must be 1 to 255 letters, digits, underscores and hyphens, not beginning with a digit",
      ),
    type: tunnelTypeSchema,
  })
  .meta({ id: "TunnelBody" });
