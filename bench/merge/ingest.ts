import type { Installation } from "../delivery/installation";
import { listMerges, makeDataset, uploadFiles } from "./merge-calls";

export type IngestRun = {
  readonly merging: "on" | "off";
  readonly rowsPerSecond: number;
  readonly merges: number;
  readonly rowsMerged: number;
};

const filesPerUpload = 4;

/** Uploads one after the other for so long, into a dataset that is merged meanwhile, or not. */
export async function runIngest(
  at: Installation,
  files: readonly string[],
  request: {
    readonly merging: "on" | "off";
    readonly name: string;
    readonly seconds: number;
    readonly rowsPerObject: number;
  },
): Promise<IngestRun> {
  const { merging, name, seconds, rowsPerObject } = request;
  await makeDataset(at, name);
  await at.call("PUT", `datasets/${name}/merge-settings`, {
    ...{ isEnabled: merging === "on", objectsMin: 8 },
    order: { kind: "zordered", columns: ["seq", "price"] },
  });
  const began = performance.now();
  let uploads = 0;
  while (performance.now() - began < seconds * 1_000) {
    const from = (uploads * filesPerUpload) % files.length;
    await uploadFiles(at, name, files.slice(from, from + filesPerUpload));
    uploads += 1;
  }
  const took = (performance.now() - began) / 1_000;
  const merged = (await listMerges(at, name)).filter(({ outputs }) => outputs !== null);
  await at.call("PUT", `datasets/${name}/merge-settings`, { isEnabled: false });
  return {
    merging,
    rowsPerSecond: Math.round((uploads * filesPerUpload * rowsPerObject) / took),
    merges: merged.length,
    rowsMerged: merged.reduce((sum, { outputs }) => sum + (outputs?.rows ?? 0), 0),
  };
}
