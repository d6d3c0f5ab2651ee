import type { DatasetColumn } from "@/lib/core/dataset";
import type { Database } from "./client";

/** A deleted dataset, as far as a new one in its folder has to be like it. */
export type FormerDataset = {
  readonly id: string;
  readonly folder: string;
  readonly partitionColumns: readonly string[];
  readonly columns: readonly DatasetColumn[];
};

type Row = Omit<FormerDataset, "id"> & { readonly key: string; readonly id: string };

/** Of these keys of a bucket, those that deleted datasets published, each with its dataset. */
export async function findFormerDatasets(
  database: Database,
  request: { readonly location: string; readonly bucket: string; readonly keys: readonly string[] },
): Promise<ReadonlyMap<string, FormerDataset>> {
  const { location, bucket, keys } = request;
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<Row[]>`
      SELECT o.key, d.id::text, d.folder, d.partition_columns AS "partitionColumns", d.columns
      FROM delivered_object o JOIN dataset d ON d.id = o.dataset_id AND d.deleted_at IS NOT NULL
      WHERE o.location = ${location} AND o.bucket = ${bucket} AND o.key = ANY (${[...keys]}::text[])
        AND o.replaced_by IS NULL`;
    return new Map(rows.map(({ key, ...former }) => [key, former]));
  });
}
