import type { DatasetObjectView, PartitionView } from "@/lib/contracts/dataset-lists";
import type { Page } from "@/lib/contracts/paging";
import { specOfFolder } from "@/lib/core/dataset-partition";
import type { Database } from "@/lib/db/client";
import type { CataloguedDataset } from "@/lib/db/dataset-catalogue";
import {
  countDatasetObjects,
  countPartitions,
  type ObjectOwner,
  listDatasetObjects as selectObjects,
  listPartitions as selectPartitions,
} from "@/lib/db/dataset-objects";
import { findDataset } from "./find-dataset";

type PageQuery = { readonly cursor?: string | undefined; readonly limit: number };

export function ownerOf(found: CataloguedDataset): ObjectOwner {
  return found.origin === "dataset"
    ? { kind: "dataset", id: found.dataset.id }
    : { kind: "task", id: found.dataset.taskId };
}

/** Newest first, of whoever writes the dataset. */
export async function listDatasetObjects(
  database: Database,
  name: string,
  query: PageQuery,
): Promise<Page<DatasetObjectView>> {
  const owner = ownerOf(await findDataset(database, name));
  const [page, total] = await Promise.all([
    selectObjects(database, owner, { cursor: query.cursor ?? null, limit: query.limit }),
    countDatasetObjects(database, owner),
  ]);
  return {
    items: page.items.map(({ id, decidedAt, publishedAt, ...object }) => ({
      ...object,
      objectId: id,
      decidedAt: decidedAt.toISOString(),
      publishedAt: publishedAt?.toISOString() ?? null,
    })),
    nextCursor: page.nextCursor,
    total,
  };
}

/** By folder. */
export async function listDatasetPartitions(
  database: Database,
  name: string,
  query: PageQuery,
): Promise<Page<PartitionView>> {
  const found = await findDataset(database, name);
  const owner = ownerOf(found);
  const [page, total] = await Promise.all([
    selectPartitions(database, owner, { cursor: query.cursor ?? null, limit: query.limit }),
    countPartitions(database, owner),
  ]);
  const specOf = (folder: string) =>
    found.origin === "dataset" ? specOfFolder(found.dataset.settings, folder) : folder;
  return {
    items: page.items.map(({ lastDecidedAt, ...partition }) => ({
      ...partition,
      spec: specOf(partition.folder),
      lastDecidedAt: lastDecidedAt.toISOString(),
    })),
    nextCursor: page.nextCursor,
    total,
  };
}
