import type { FolderPart, FolderTemplate } from "./prefix-layout";
import type { Compression, ParquetType } from "./schema-mapping";

/** A column of a dataset's objects. All are nullable; their order is the order in the objects. */
export type DatasetColumn = { readonly name: string; readonly type: ParquetType };

/**
 * What a person asks for: a folder of Parquet objects, written by sessions, with one folder level
 * `name=value` per partition column. Name, destination, folder and partition columns never change.
 */
export type DatasetSettings = {
  readonly name: string;
  readonly destinationId: string;
  /** Without variables and without a slash at its ends. */
  readonly folder: string;
  readonly partitionColumns: readonly string[];
  readonly columns: readonly DatasetColumn[];
  readonly compression: Compression;
};

/** The modelled service's own bound on partition levels. */
export const partitionColumnsMax = 6;

/** The dataset's folders as statements need them. */
export function datasetTemplate({
  folder,
  partitionColumns,
}: Pick<DatasetSettings, "folder" | "partitionColumns">): FolderTemplate {
  const root = folder.split("/").map((text): FolderPart[] => [{ kind: "text", text }]);
  const levels = partitionColumns.map((name): FolderPart[] => [
    { kind: "text", text: `${name}=` },
    { kind: "value" },
  ]);
  const text = [folder, ...partitionColumns.map((name) => `${name}=$${name}`)].join("/");
  return { text, segments: [...root, ...levels] };
}

/**
 * The key of what a session wrote: `<partition>/<dataset>_<session without hyphens>__<block + 1>.parquet`.
 * Sessions' ids differ for ever, so nobody else's key can be the same, and a block that is written again
 * keeps its own.
 */
export function uploadObjectKey(
  partition: string,
  place: { readonly dataset: string; readonly sessionId: string; readonly blockId: number },
): string {
  const { dataset, sessionId, blockId } = place;
  return `${partition}/${dataset}_${sessionId.replaceAll("-", "")}__${blockId + 1}.parquet`;
}

/**
 * The name of a window of streams in its partition: `<dataset>_<object without hyphens>`, of which there
 * is one object, `<stem>__1.parquet`. Objects' ids differ for ever, so nobody else's key can be the same.
 */
export function streamObjectStem(
  partition: string,
  place: { readonly dataset: string; readonly objectId: string },
): string {
  return `${partition}/${place.dataset}_${place.objectId.replaceAll("-", "")}`;
}
