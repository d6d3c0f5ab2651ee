import { randomUUID } from "node:crypto";
import {
  type DatasetView,
  datasetBodySchema,
  datasetBodyShape,
  type ParsedDatasetBody,
} from "@/lib/contracts/dataset-body";
import { parseFields } from "@/lib/contracts/field-problems";
import type { DatasetSettings } from "@/lib/core/dataset";
import { checkDataset } from "@/lib/core/dataset-check";
import { canAdopt, checkDatasetFolder } from "@/lib/core/dataset-folder";
import { AppError } from "@/lib/core/error";
import { InvalidInputError } from "@/lib/core/invalid-input";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import type { Problem } from "@/lib/core/problem";
import { createDataset as insertDataset } from "@/lib/db/datasets";
import type { StoredDestination } from "@/lib/db/destinations";
import { findFormerDatasets } from "@/lib/db/former-datasets";
import { storeLocationOf } from "@/lib/platform/store-location";
import { withStore } from "./connections";
import { getDataset } from "./datasets";
import { findDestination } from "./find-stored";
import { throwProblems } from "./inspect-task";
import { lookAt, type RemoteLook } from "./remote-problem";
import type { ServiceDependencies } from "./service-dependencies";

type Needs = Pick<ServiceDependencies, "database" | "connections">;
type Draft = { [K in keyof ParsedDatasetBody]?: ParsedDatasetBody[K] | undefined };

/**
 * Makes a dataset in a folder where nothing foreign stands and nobody else writes. What a deleted dataset
 * left there becomes its own. Throws
 * `dataset.is_view`, `dataset.name_taken`, or `InvalidInputError` with every problem at once.
 */
export async function createDataset(needs: Needs, input: unknown): Promise<DatasetView> {
  const { fields, problems: shapeProblems } = parseFields(datasetBodyShape, input);
  const draft: Draft = fields;
  if (draft.kind === "view") throw new AppError("dataset.is_view", "A view was asked for");
  const look = await lookAtPlace(needs, draft);
  const place = look?.kind === "found" ? look.value : null;
  const foreign = place?.foreign ? [place.foreign] : [];
  const failed = look?.kind === "failed" ? [look] : [];
  throwProblems(
    [
      ...shapeProblems,
      ...checkDraft(draft),
      ...[...foreign, ...failed].map(({ problem }) => problem),
    ],
    [...foreign, ...failed].map(({ error }) => error),
  );
  const { kind: _, ...settings } = datasetBodySchema.parse(draft);
  await makeDataset(needs, settings, place?.formerIds ?? []);
  return getDataset(needs.database, settings.name);
}

/** What is wrong by shape has its problem already and is not looked at again. */
function checkDraft({ name, folder, columns, partitionColumns }: Draft): Problem[] {
  const known = { name, folder, columns, partitionColumns };
  const problems = checkDataset({
    name: name ?? "unnamed",
    folder: folder ?? "unnamed",
    columns: columns ?? [{ name: "unnamed", type: "UTF8" }],
    partitionColumns: partitionColumns ?? [],
  });
  return problems.filter(
    ({ field }) => known[(/^\w+/.exec(field)?.[0] ?? "") as keyof typeof known] !== undefined,
  );
}

async function makeDataset(
  needs: Needs,
  settings: DatasetSettings,
  formerIds: readonly string[],
): Promise<void> {
  const place = await findDestination(needs.database, settings.destinationId);
  const dataset = { id: randomUUID(), settings, place, formerIds };
  const problems = await insertDataset(needs.database, dataset, (writers) =>
    checkDatasetFolder(settings.folder, writers),
  );
  if (problems.length > 0) throw new InvalidInputError(problems);
}

type Foreign = { readonly problem: Problem; readonly error: AppError };
type Place = { readonly foreign: Foreign | null; readonly formerIds: readonly string[] };

/** What stands in the folder; fails when the key may not write there. */
async function lookAtPlace(needs: Needs, draft: Draft): Promise<RemoteLook<Place | null> | null> {
  const { destinationId, folder, columns = [], partitionColumns = [] } = draft;
  if (destinationId === undefined) return null;
  return lookAt("destinationId", async () => {
    const stored = await findDestination(needs.database, destinationId);
    if (folder === undefined || checkDraft({ folder }).length > 0) return null;
    const wanted = { folder, columns, partitionColumns };
    return withStore(needs.connections, stored, async (store) => {
      await store.checkBucket(`${folder}/`);
      return listFormer(needs, store, stored, wanted);
    });
  });
}

/** The deleted datasets that the folder's objects are of, or the first object that is of none. */
async function listFormer(
  { database }: Needs,
  store: ObjectStore,
  { endpoint, bucket }: StoredDestination,
  wanted: Pick<DatasetSettings, "folder" | "columns" | "partitionColumns">,
): Promise<Place> {
  const location = storeLocationOf(endpoint);
  const formerIds = new Set<string>();
  for (let after: string | null = ""; after !== null; ) {
    const page: Awaited<ReturnType<ObjectStore["list"]>> = await store.list({
      prefix: `${wanted.folder}/`,
      ...(after === "" ? {} : { after }),
    });
    const keys = page.objects.map(({ key }) => key);
    const known = await findFormerDatasets(database, { location, bucket, keys });
    for (const key of keys) {
      const former = known.get(key);
      if (!former || !canAdopt(wanted, former)) return { foreign: foreignAt(key), formerIds: [] };
      formerIds.add(former.id);
    }
    after = page.next;
  }
  return { foreign: null, formerIds: [...formerIds] };
}

function foreignAt(key: string): Foreign {
  const reason = `${key} stands in the folder, and no dataset of these columns and partitions left it.`;
  const error = new AppError("dataset.folder_foreign", reason, { details: { reason } });
  return { problem: { field: "folder", message: reason }, error };
}
