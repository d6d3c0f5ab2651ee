import { AppError } from "@/lib/core/error";
import { objectIdMetadata } from "@/lib/core/object-key";
import type { DecidedObject } from "@/lib/core/ports/ledger";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import type { OpenDestination } from "./adapters";
import type { Limit } from "./limit";
import { mapConcurrently } from "./map-concurrently";

/** Completions of one batch at a time: a batch's objects lie in different partitions, so their order is free. */
const completionsAtOnceMax = 8;

export type PublishOutcome =
  | { readonly kind: "published" }
  | { readonly kind: "uploads_gone"; readonly objectIds: readonly string[] };

type Place = Pick<OpenDestination, "location" | "bucket">;

/** A decided object belongs to one place for good: in another bucket it would be another object. */
export function checkPlace(objects: readonly DecidedObject[], destination: Place): void {
  const elsewhere = objects.find(({ bucket }) => bucket !== destination.bucket);
  if (elsewhere) throw placeChanged(elsewhere);
}

function placeChanged({ bucket, location }: DecidedObject): AppError {
  return new AppError("destination.changed", "The destination names another place than decided", {
    details: { bucket, location },
  });
}

/**
 * Makes a decided batch's objects visible. Safe to repeat and to race with a zombie: an upload id
 * works once, so whoever comes second learns it and looks who stands at the key.
 *
 * A store may answer under another port, host name or scheme than when the batch was decided. That it
 * knows the upload or has our object proves that it is the same; where it has neither, nothing is
 * staged again, since it may be another store.
 */
export async function publishBatch(
  destination: Place & { readonly store: ObjectStore },
  objects: readonly DecidedObject[],
  uploads: Limit,
  onPublished: (object: DecidedObject) => void,
): Promise<PublishOutcome> {
  const gone: string[] = [];
  await mapConcurrently(objects, completionsAtOnceMax, async (object) => {
    if (await uploads.run(() => publishObject(destination.store, object))) onPublished(object);
    else if (object.location !== destination.location) throw placeChanged(object);
    else gone.push(object.objectId);
  });
  return gone.length > 0 ? { kind: "uploads_gone", objectIds: gone } : { kind: "published" };
}

/** False: the upload vanished and nothing stands at the key. Throws when something foreign stands there. */
async function publishObject(store: ObjectStore, object: DecidedObject): Promise<boolean> {
  const outcome = await store.completeUpload({
    key: object.key,
    uploadId: object.uploadId,
    parts: object.parts,
  });
  if (outcome.kind === "completed") return true;
  const head = await store.head(object.key);
  if (head === null) {
    if (outcome.kind === "upload_gone") return false;
    throw new AppError(
      "destination.unavailable",
      "The store said that the key is taken and then that it is free",
      {
        details: { bucket: object.bucket, key: object.key, operation: "CompleteMultipartUpload" },
      },
    );
  }
  if (head.metadata[objectIdMetadata] === object.objectId) return true;
  throw new AppError("destination.key_taken", "A foreign object stands at a decided key", {
    details: { bucket: object.bucket, key: object.key },
  });
}
