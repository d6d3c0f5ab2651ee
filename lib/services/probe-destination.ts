import { randomUUID } from "node:crypto";
import type { DestinationProbe } from "@/lib/contracts/destination-body";
import { toAppError } from "@/lib/core/error";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import { describeLayout } from "@/lib/core/prefix-layout";
import { readPrefixTemplate } from "@/lib/core/prefix-template";
import type { TaskSettings } from "@/lib/core/task";
import type { Database } from "@/lib/db/client";
import { listDatasetFolders } from "@/lib/db/dataset-writers";
import { listTaskOverviews } from "@/lib/db/task-overviews";
import { destinationPolicy } from "@/lib/storage/destination-policy";
import { withStore } from "./connections";
import { failureViewOf } from "./failure-view";
import { findDestination } from "./find-stored";
import type { ServiceDependencies } from "./service-dependencies";

type Needs = Pick<ServiceDependencies, "database" | "connections">;
type Step = DestinationProbe["steps"][number];

/** A policy names folders one by one up to here; with more tasks it names the whole bucket. */
const foldersInPolicyMax = 50;

/**
 * Tries what delivery does, in its order, under the folder of a task where there is one (a key may
 * be allowed no other). Nothing becomes visible: the upload is given up and never completed.
 */
export async function probeDestination(needs: Needs, id: string): Promise<DestinationProbe> {
  const stored = await findDestination(needs.database, id);
  const [ofTasks, datasets] = await Promise.all([
    foldersOfTasks(needs.database, id),
    listDatasetFolders(needs.database, stored),
  ]);
  const replaced = datasets.map(({ folder }) => `${folder}/`);
  // Null: too many to name.
  const folders = ofTasks === null ? [] : [...ofTasks, ...replaced];
  const steps = await withStore(needs.connections, stored, (store) =>
    probeStore(store, `${folders[0] ?? ""}.culvert-probe-${randomUUID()}`),
  );
  return {
    ok: steps.every(({ outcome }) => outcome === "passed"),
    steps,
    policy: destinationPolicy({ bucket: stored.bucket, prefixes: folders, replaced }),
  };
}

async function probeStore(store: ObjectStore, key: string): Promise<Step[]> {
  const steps: Step[] = [];
  const attempt = async <T>(operation: string, work: () => Promise<T>): Promise<T | null> => {
    try {
      const result = await work();
      steps.push({ operation, outcome: "passed", failure: null });
      return result;
    } catch (thrown) {
      const failure = failureViewOf(toAppError(thrown));
      steps.push({ operation, outcome: "failed", failure });
      return null;
    }
  };
  await attempt("ListBucket", () => store.list({ prefix: key, limit: 1 }));
  await attempt("GetObject", () => store.read(key));
  const uploadId = await attempt("PutObject", () =>
    store.createUpload({ key, metadata: {}, contentType: "application/octet-stream" }),
  );
  if (uploadId === null) {
    steps.push({ operation: "AbortMultipartUpload", outcome: "skipped", failure: null });
    return steps;
  }
  await attempt("UploadPart", () =>
    store.uploadPart({ key, uploadId, partNumber: 1, body: new TextEncoder().encode("culvert") }),
  );
  await attempt("AbortMultipartUpload", () => store.abortUpload({ key, uploadId }));
  return steps;
}

/** The folders that tasks of this destination write under, each with its slash; null when too many. */
async function foldersOfTasks(database: Database, destinationId: string): Promise<string[] | null> {
  const { items, nextCursor } = await listTaskOverviews(database, {
    limit: foldersInPolicyMax,
    filter: { destinationId },
  });
  if (nextCursor !== null) return null;
  return [...new Set(items.flatMap(({ settings }) => foldersOf(settings)))];
}

/** Row folder first. "" when the first folder already holds a time variable: then it is the bucket. */
export function foldersOf(settings: Pick<TaskSettings, "prefix" | "dirtyPrefix">): string[] {
  const template = readPrefixTemplate(settings.prefix);
  const root = template ? describeLayout(template).root : "";
  const folders = settings.dirtyPrefix === null ? [root] : [root, settings.dirtyPrefix];
  return folders.map((folder) => (folder === "" || folder.endsWith("/") ? folder : `${folder}/`));
}
