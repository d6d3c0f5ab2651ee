import { z } from "zod";

export const pageLimitDefault = 50;
export const pageLimitMax = 500;

/** Query of every list. A cursor is opaque and belongs to the list and filters that gave it. */
export const pageQueryShape = {
  cursor: z.string().min(1).max(1024).optional(),
  limit: z.coerce.number().int().min(1).max(pageLimitMax).default(pageLimitDefault),
} as const;

/** One page. `total` counts all items that match, exactly; `nextCursor` is null at the end. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    nextCursor: z.string().nullable(),
    total: z.int().min(0),
  });
}
export type Page<T> = { items: T[]; nextCursor: string | null; total: number };
