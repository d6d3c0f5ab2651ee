import type { Installation } from "../delivery/installation";
import { sampleColumns } from "./sample-files";

/** Makes a dataset for the sample, in a folder of its own name. */
export async function createDataset(
  at: Installation,
  name: string,
  partitionColumns: readonly string[] = [],
): Promise<void> {
  const place = { name, destinationId: "embedded", folder: `bench/${name}` };
  const columns = sampleColumns.map((column) => ({ ...column }));
  await at.call("POST", "datasets", { ...place, columns, partitionColumns });
}

/** Makes a session of one of a dataset's kinds, and gives its id. */
export async function createSession(
  at: Installation,
  name: string,
  kind: "upload" | "download" | "stream",
  body: object = {},
): Promise<string> {
  const made = await at.call("POST", `datasets/${name}/${kind}-sessions`, body);
  return ((await made.json()) as { id: string }).id;
}
