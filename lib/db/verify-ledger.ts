import type { VerifyLedger } from "@/lib/core/ports/verify-ledger";
import { claimBucketLooks } from "./bucket-watch";
import type { Database } from "./client";
import { listMissingBatches, markLost, reopenObject } from "./redelivery";
import { isBaseLost, startRescan } from "./rescans";
import { listVerifyBatches, listVerifyChannels } from "./verify-batches";
import { getVerifiedDataset, listUnbalanced } from "./verify-datasets";
import {
  countElsewhere,
  databaseNow,
  findKeysOfObjects,
  findKnownKeys,
  listDirtyFolders,
  listVerifyEntries,
  markFound,
} from "./verify-entries";
import { askAfterBucketLoss } from "./verify-requests";
import {
  claimVerifyRun,
  failVerifyRun,
  finishVerifyRun,
  postponeVerifyRun,
  saveVerifyProgress,
} from "./verify-runs";

/** What verifying and redelivering need of PostgreSQL. */
export function createVerifyLedger(database: Database): VerifyLedger {
  return {
    claimRun: (workerId) => claimVerifyRun(database, workerId),
    saveProgress: (run, objectsChecked) => saveVerifyProgress(database, run, objectsChecked),
    finishRun: (run, report) => finishVerifyRun(database, run, report),
    failRun: (run, error) => failVerifyRun(database, run, error),
    postponeRun: (run, error, delayMs) => postponeVerifyRun(database, run, error, delayMs),
    listDirtyFolders: (place) => listDirtyFolders(database, place),
    countElsewhere: (place) => countElsewhere(database, place),
    now: () => databaseNow(database),
    listEntries: (place, request) => listVerifyEntries(database, place, request),
    findKnownKeys: (bucket, keys) => findKnownKeys(database, bucket, keys),
    findKeysOfObjects: (objectIds) => findKeysOfObjects(database, objectIds),
    markFound: (found) => markFound(database, found),
    getDataset: (datasetId) => getVerifiedDataset(database, datasetId),
    listUnbalanced: (datasetId, limit) => listUnbalanced(database, datasetId, limit),
    listChannels: (taskId) => listVerifyChannels(database, taskId),
    listBatches: (request) => listVerifyBatches(database, request),
    listMissingBatches: (place, request) => listMissingBatches(database, place, request),
    reopenObject: (run, request) => reopenObject(database, run, request),
    markLost: (objectIds, because) => markLost(database, objectIds, because),
    isBaseLost: (place) => isBaseLost(database, place),
    startRescan: (run, place, tunnel) => startRescan(database, run, place, tunnel),
    claimBucketLooks: (request) => claimBucketLooks(database, request),
    askAfterBucketLoss: (destinationId) => askAfterBucketLoss(database, destinationId),
  };
}
