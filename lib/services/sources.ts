import { randomUUID } from "node:crypto";
import { parseInput } from "@/lib/contracts/field-problems";
import type { Page } from "@/lib/contracts/paging";
import {
  type ParsedSourceBody,
  type SourceView,
  sourceBodySchema,
  sourcePatchSchema,
} from "@/lib/contracts/source-body";
import type { Database } from "@/lib/db/client";
import {
  countSources,
  createSource as insertSource,
  deleteSource as removeSource,
  type SourceChanges,
  type StoredSource,
  listSources as selectSources,
  updateSource as storeSource,
} from "@/lib/db/sources";
import { countTaskOverviews } from "@/lib/db/task-overviews";
import { encryptSecret } from "@/lib/platform/secret";
import { definedFields } from "./defined-fields";
import { resourceNotFound } from "./find-stored";
import { resourceIdOf } from "./resource-id";
import type { ServiceDependencies } from "./service-dependencies";

type Needs = Pick<ServiceDependencies, "database" | "secretKey">;

/** The source may be unreachable now: tables are read when they are looked at. */
export async function createSource(needs: Needs, input: unknown): Promise<SourceView> {
  const body: ParsedSourceBody = parseInput(sourceBodySchema, input);
  const { accessKeySecret, ...rest } = body;
  const name = body.name ?? body.id ?? body.instance;
  const stored = await insertSource(needs.database, {
    ...rest,
    id: body.id ?? (resourceIdOf(name) || randomUUID()),
    name,
    secret: encryptSecret(accessKeySecret, needs.secretKey),
  });
  return viewOf(needs.database, stored);
}

export async function listSources(
  database: Database,
  query: { cursor?: string | undefined; limit: number },
): Promise<Page<SourceView>> {
  const [page, total] = await Promise.all([
    selectSources(database, { cursor: query.cursor ?? null, limit: query.limit }),
    countSources(database),
  ]);
  const items = await Promise.all(page.items.map((source) => viewOf(database, source)));
  return { items, nextCursor: page.nextCursor, total };
}

export async function updateSource(needs: Needs, id: string, input: unknown): Promise<SourceView> {
  const { accessKeySecret, ...patch } = parseInput(sourcePatchSchema, input);
  const changes: SourceChanges = {
    ...definedFields(patch),
    ...(accessKeySecret === undefined
      ? {}
      : { secret: encryptSecret(accessKeySecret, needs.secretKey) }),
  };
  const stored = await storeSource(needs.database, id, changes);
  if (!stored) throw resourceNotFound(id);
  return viewOf(needs.database, stored);
}

export async function deleteSource(database: Database, id: string): Promise<void> {
  if (!(await removeSource(database, id))) throw resourceNotFound(id);
}

/** Field by field, so that a column added to the table cannot slip into an answer. */
async function viewOf(database: Database, source: StoredSource): Promise<SourceView> {
  return {
    id: source.id,
    name: source.name,
    kind: source.kind,
    endpoint: source.endpoint,
    instance: source.instance,
    accessKeyId: source.accessKeyId,
    tasks: await countTaskOverviews(database, { sourceId: source.id }),
    createdAt: source.createdAt.toISOString(),
  };
}
