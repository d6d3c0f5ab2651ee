import {
  type DatasetListQuery,
  type DatasetView,
  datasetPatchSchema,
} from "@/lib/contracts/dataset-body";
import { parseInput } from "@/lib/contracts/field-problems";
import type { Page } from "@/lib/contracts/paging";
import type { DatasetColumn } from "@/lib/core/dataset";
import { checkColumnChange } from "@/lib/core/dataset-check";
import { AppError, invariant } from "@/lib/core/error";
import { InvalidInputError } from "@/lib/core/invalid-input";
import { parquetColumnsOf } from "@/lib/core/ports/table-source";
import { describeLayout } from "@/lib/core/prefix-layout";
import { readPrefixTemplate } from "@/lib/core/prefix-template";
import type { Database } from "@/lib/db/client";
import { type CataloguedDataset, countCatalogue, listCatalogue } from "@/lib/db/dataset-catalogue";
import { changeColumns, deleteDataset as removeDataset } from "@/lib/db/datasets";
import { getDestination } from "@/lib/db/destinations";
import { getMergings, type StoredMerging } from "@/lib/db/merge-settings";
import { findDataset, findOwnDataset } from "./find-dataset";
import { mergingViewOf } from "./merging-view";

/** By name; `total` counts all that match, exactly. */
export async function listDatasets(
  database: Database,
  { cursor, limit, search }: DatasetListQuery,
): Promise<Page<DatasetView>> {
  const [page, total] = await Promise.all([
    listCatalogue(database, {
      cursor: cursor ?? null,
      limit,
      ...(search === undefined ? {} : { text: search }),
    }),
    countCatalogue(database, search),
  ]);
  const ids = new Set(page.items.map(({ dataset }) => dataset.settings.destinationId));
  const found = await Promise.all([...ids].map((id) => getDestination(database, id)));
  const buckets = new Map(found.flatMap((row) => (row ? [[row.id, row.bucket] as const] : [])));
  const mergings = await getMergings(database, page.items.flatMap(ownId));
  const items = page.items.map((item) =>
    viewOf(
      item,
      buckets.get(item.dataset.settings.destinationId) ?? "",
      mergings.get(ownId(item)[0] ?? ""),
    ),
  );
  return { items, nextCursor: page.nextCursor, total };
}

export async function getDataset(database: Database, name: string): Promise<DatasetView> {
  const found = await findDataset(database, name);
  const destination = await getDestination(database, found.dataset.settings.destinationId);
  const merging = [...(await getMergings(database, ownId(found))).values()][0];
  return viewOf(found, destination?.bucket ?? "", merging);
}

/** What a task delivers is not merged. */
function ownId({ origin, dataset }: CataloguedDataset): string[] {
  return origin === "dataset" ? [dataset.id] : [];
}

/** Columns are only added. Throws `resource.conflict` when somebody changed them at the same time. */
export async function updateDataset(
  database: Database,
  name: string,
  input: unknown,
): Promise<DatasetView> {
  const { columns } = parseInput(datasetPatchSchema, input);
  const { id, settings, schemaVersion } = await findOwnDataset(database, name);
  const problems = checkColumnChange(settings.columns, columns, settings);
  if (problems.length > 0) throw new InvalidInputError(problems);
  if (columns.length > settings.columns.length) {
    const changed = await changeColumns(database, { id, fromVersion: schemaVersion, columns });
    if (changed === null) {
      const details = { reason: "The dataset was changed or deleted at the same time." };
      throw new AppError("resource.conflict", "The dataset changed meanwhile", { details });
    }
  }
  return getDataset(database, name);
}

/** Its objects stay in the bucket, and in the ledger. */
export async function deleteDataset(database: Database, name: string): Promise<void> {
  const { id } = await findOwnDataset(database, name);
  await removeDataset(database, id);
}

export type DatasetSchema = {
  readonly columns: readonly DatasetColumn[];
  readonly partitionColumns: readonly string[];
  readonly version: number;
};

/** Of a task's dataset, what its newest schema version and its prefix say. */
export function schemaOf({ origin, dataset }: CataloguedDataset): DatasetSchema {
  if (origin === "dataset") {
    const { columns, partitionColumns } = dataset.settings;
    return { columns, partitionColumns, version: dataset.schemaVersion };
  }
  const template = readPrefixTemplate(dataset.settings.prefix);
  invariant(template, "A stored task has a legal prefix");
  return {
    columns: parquetColumnsOf(dataset.mapping).map(({ name, type }) => ({ name, type })),
    partitionColumns: describeLayout(template).columns.map(({ name }) => name),
    version: dataset.mapping.version,
  };
}

function viewOf(
  found: CataloguedDataset,
  bucket: string,
  merging: StoredMerging | undefined,
): DatasetView {
  const { origin, dataset } = found;
  const { columns, partitionColumns, version } = schemaOf(found);
  const { name, destinationId, compression } = dataset.settings;
  return {
    ...{ name, origin, destinationId, bucket, compression, schemaVersion: version },
    folder: origin === "dataset" ? dataset.settings.folder : dataset.settings.prefix,
    partitionColumns: [...partitionColumns],
    columns: columns.map((column) => ({ name: column.name, type: column.type })),
    ...{ objects: dataset.objects, rows: dataset.rows, bytes: dataset.bytes },
    merge: mergingViewOf(merging),
    createdAt: dataset.createdAt.toISOString(),
  };
}
