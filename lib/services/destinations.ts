import { randomUUID } from "node:crypto";
import {
  type DestinationView,
  destinationBodySchema,
  destinationPatchSchema,
  type ParsedDestinationBody,
} from "@/lib/contracts/destination-body";
import { parseInput } from "@/lib/contracts/field-problems";
import type { Page } from "@/lib/contracts/paging";
import type { Database } from "@/lib/db/client";
import {
  countDestinations,
  type DestinationChanges,
  createDestination as insertDestination,
  deleteDestination as removeDestination,
  type StoredDestination,
  listDestinations as selectDestinations,
  updateDestination as storeDestination,
} from "@/lib/db/destinations";
import { countTaskOverviews } from "@/lib/db/task-overviews";
import { encryptSecret } from "@/lib/platform/secret";
import { definedFields } from "./defined-fields";
import { resourceNotFound } from "./find-stored";
import { resourceIdOf } from "./resource-id";
import type { ServiceDependencies } from "./service-dependencies";

type Needs = Pick<ServiceDependencies, "database" | "secretKey">;

/** The bucket may be missing now: whether it can be delivered to is checked when a task wants to. */
export async function createDestination(needs: Needs, input: unknown): Promise<DestinationView> {
  const body: ParsedDestinationBody = parseInput(destinationBodySchema, input);
  const name = body.name ?? body.id ?? body.bucket;
  const stored = await insertDestination(needs.database, {
    id: body.id ?? (resourceIdOf(name) || randomUUID()),
    name,
    endpoint: body.endpoint,
    region: body.region,
    bucket: body.bucket,
    accessKeyId: body.accessKeyId,
    secret: encryptSecret(body.secretAccessKey, needs.secretKey),
    forcePathStyle: body.forcePathStyle ?? usuallyPathStyle(body.endpoint),
  });
  return viewOf(needs.database, stored);
}

/** AWS and Alibaba Cloud put the bucket into the host name; stores that people run themselves do not. */
export function usuallyPathStyle(endpoint: string | null): boolean {
  if (endpoint === null) return false;
  return !/(^|\.)(amazonaws\.com|amazonaws\.com\.cn|aliyuncs\.com)$/.test(
    new URL(endpoint).hostname,
  );
}

export async function listDestinations(
  database: Database,
  query: { cursor?: string | undefined; limit: number },
): Promise<Page<DestinationView>> {
  const [page, total] = await Promise.all([
    selectDestinations(database, { cursor: query.cursor ?? null, limit: query.limit }),
    countDestinations(database),
  ]);
  const items = await Promise.all(page.items.map((destination) => viewOf(database, destination)));
  return { items, nextCursor: page.nextCursor, total };
}

export async function updateDestination(
  needs: Needs,
  id: string,
  input: unknown,
): Promise<DestinationView> {
  const { secretAccessKey, ...patch } = parseInput(destinationPatchSchema, input);
  const changes: DestinationChanges = {
    ...definedFields(patch),
    ...(secretAccessKey === undefined
      ? {}
      : { secret: encryptSecret(secretAccessKey, needs.secretKey) }),
  };
  const stored = await storeDestination(needs.database, id, changes);
  if (!stored) throw resourceNotFound(id);
  return viewOf(needs.database, stored);
}

export async function deleteDestination(database: Database, id: string): Promise<void> {
  if (!(await removeDestination(database, id))) throw resourceNotFound(id);
}

/** Field by field, so that a column added to the table cannot slip into an answer. */
async function viewOf(database: Database, stored: StoredDestination): Promise<DestinationView> {
  return {
    id: stored.id,
    name: stored.name,
    kind: "s3",
    endpoint: stored.endpoint,
    region: stored.region,
    bucket: stored.bucket,
    forcePathStyle: stored.forcePathStyle,
    accessKeyId: stored.accessKeyId,
    tasks: await countTaskOverviews(database, { destinationId: stored.id }),
    createdAt: stored.createdAt.toISOString(),
  };
}
