import { readFileSync } from "node:fs";
import { type MergeView, mergePageSchema } from "@/lib/contracts/merge-body";
import { systemClock } from "@/lib/platform/clock";
import { createSession } from "../datasets/dataset-calls";
import type { Installation } from "../delivery/installation";
import { columns } from "./sample-objects";

export async function makeDataset(at: Installation, name: string): Promise<void> {
  const body = { name, destinationId: "embedded", folder: name, columns };
  await at.call("POST", "datasets", body);
}

/** Uploads files as one session with a block each: so many objects that become visible together. */
export async function uploadFiles(
  at: Installation,
  name: string,
  files: readonly string[],
): Promise<void> {
  const id = await createSession(at, name, "upload");
  const where = `datasets/${name}/upload-sessions/${id}`;
  for (const [block, file] of files.entries()) {
    const type = "application/vnd.apache.parquet";
    const answer = await at.send("PUT", `${where}/blocks/${block}`, type, readFileSync(file));
    if (!answer.ok) throw new Error(await answer.text());
  }
  await at.call("POST", `${where}/commit`, { blocks: files.map((_, block) => block) });
}

export async function listMerges(at: Installation, name: string): Promise<MergeView[]> {
  const answer = await at.get(`datasets/${name}/merges?limit=500`);
  return mergePageSchema.parse(await answer.json()).items;
}

/** The newest merge, once it is published. */
export async function waitForMerge(
  at: Installation,
  name: string,
  onLook: () => void,
): Promise<MergeView> {
  for (;;) {
    onLook();
    const [merge] = await listMerges(at, name);
    if (merge?.error) throw new Error(merge.error.cause);
    if (merge?.state === "published") return merge;
    await systemClock.sleep(50);
  }
}
