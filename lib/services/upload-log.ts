import type { Database } from "@/lib/db/client";
import type { StoredDestination } from "@/lib/db/destinations";
import { forgetUpload, logBlockUpload, logUploadId } from "@/lib/db/uploads";
import type { UploadLog } from "./stage-rows";

/** Uploads of the console belong to no worker whose lease could keep the janitor away. */
const stagedBy = "console";

/** The log of uploads to one destination. */
export function uploadLogOf(database: Database, destination: StoredDestination): UploadLog {
  const { id: destinationId, bucket } = destination;
  return {
    begun: (upload) =>
      logBlockUpload(database, { ...upload, workerId: stagedBy, destinationId, bucket }),
    created: (upload) => logUploadId(database, upload),
    forgotten: (upload) => forgetUpload(database, { ...upload, workerId: stagedBy }),
  };
}
