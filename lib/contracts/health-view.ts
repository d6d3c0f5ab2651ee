import { z } from "zod";

/** 200 with `ok` true, or 503 with the parts that do not serve. Says nothing that needs a key. */
export const healthSchema = z
  .object({
    ok: z.boolean(),
    parts: z.array(
      z.object({
        name: z.enum([
          "database",
          "credentials",
          "bootstrap",
          "delivery_worker",
          "tablestore",
          "object_store",
        ]),
        ok: z.boolean(),
        detail: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: "Health" });
export type HealthView = z.infer<typeof healthSchema>;
