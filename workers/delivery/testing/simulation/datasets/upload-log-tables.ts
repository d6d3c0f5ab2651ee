import type { Ledger } from "@/lib/core/ports/ledger";
import { bucket } from "../world";
import { type DatasetTables, destinationId, simulated } from "./dataset-tables";

type Request<M extends keyof Ledger> = Parameters<Ledger[M]>[0];

/** The log of uploads, as lib/db/uploads.ts keeps it. */
export class UploadLogTables {
  readonly #tables: DatasetTables;

  constructor(tables: DatasetTables) {
    this.#tables = tables;
  }

  async logUpload(upload: Pick<Request<"logUpload">, "objectId" | "workerId" | "key">) {
    const { objectId, workerId, key } = upload;
    const atMs = this.#tables.nowMs();
    this.#tables.uploads.push({ objectId, workerId, key, atMs, uploadId: null });
  }

  async logUploadId({ objectId, uploadId }: Request<"logUploadId">): Promise<void> {
    const entry = this.#tables.uploads.findLast(
      (one) => one.objectId === objectId && one.uploadId === null,
    );
    if (entry) entry.uploadId = uploadId;
  }

  async forgetUpload({ objectId, workerId, uploadId }: Request<"forgetUpload">): Promise<void> {
    this.#tables.uploads = this.#tables.uploads.filter(
      (one) => one.objectId !== objectId || one.workerId !== workerId || one.uploadId !== uploadId,
    );
  }

  async listAbandonedUploads({
    limit,
  }: Request<"listAbandonedUploads">): ReturnType<Ledger["listAbandonedUploads"]> {
    const { uploads, objects, nowMs, isAlive } = this.#tables;
    return uploads
      .filter(({ atMs, objectId, workerId }) => {
        const isOld = atMs < nowMs() - simulated.dayMs;
        const isAwaited = objects.get(objectId)?.publishedAtMs === null;
        return isOld && !isAwaited && !isAlive(workerId);
      })
      .slice(0, limit)
      .map(({ objectId, workerId, key, uploadId }) => {
        return { objectId, workerId, destinationId, bucket, key, uploadId };
      });
  }
}
