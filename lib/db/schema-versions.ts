import type { SchemaMapping } from "@/lib/core/schema-mapping";
import type { Database } from "./client";

/** A version of a task's schema mapping, and what made it necessary. */
export type SchemaVersion = {
  readonly mapping: SchemaMapping;
  readonly reason: string;
  readonly createdAt: Date;
};

/** Oldest first. Version 1 is written with the task, so a task that exists has at least one. */
export async function listSchemaVersions(
  database: Database,
  taskId: string,
): Promise<SchemaVersion[]> {
  return database.run(async (prisma) => {
    const rows = await prisma.schemaVersion.findMany({
      where: { taskId },
      orderBy: { version: "asc" },
    });
    return rows.map((row) => ({
      mapping: mappingFromJson(row.mapping),
      reason: row.reason,
      createdAt: row.createdAt,
    }));
  });
}

/** Written by this program alone, from a value of that type, and never changed. */
export function mappingFromJson(stored: unknown): SchemaMapping {
  return stored as SchemaMapping;
}
