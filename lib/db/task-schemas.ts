import type { Ledger } from "@/lib/core/ports/ledger";
import type { SchemaMapping } from "@/lib/core/schema-mapping";
import type { Database } from "./client";
import { listSchemaVersions, mappingFromJson } from "./schema-versions";

type Request<Method extends keyof Ledger> = Parameters<Ledger[Method]>[0];

/** Oldest first. */
export async function listSchemas(database: Database, taskId: string): Promise<SchemaMapping[]> {
  const versions = await listSchemaVersions(database, taskId);
  return versions.map((version) => version.mapping);
}

/** The first writer of a version wins; everybody gets what is stored. */
export async function addSchema(
  database: Database,
  { taskId, schema, reason }: Request<"addSchema">,
): Promise<SchemaMapping> {
  return database.run(async (prisma) => {
    await prisma.$executeRaw`
      INSERT INTO schema_version (task_id, version, mapping, reason)
      VALUES (${taskId}::uuid, ${schema.version}, ${JSON.stringify(schema)}::jsonb, ${reason})
      ON CONFLICT (task_id, version) DO NOTHING`;
    const stored = await prisma.schemaVersion.findUniqueOrThrow({
      where: { taskId_version: { taskId, version: schema.version } },
    });
    return mappingFromJson(stored.mapping);
  });
}
