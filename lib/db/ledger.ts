import type { Ledger } from "@/lib/core/ports/ledger";
import {
  claimChannels,
  fairShare,
  releaseAllBut,
  releaseChannel,
  saveChannelError,
} from "./channel-claims";
import type { Database } from "./client";
import { decide } from "./decide";
import { listUnacked, markAcked, markPublished, replaceUpload } from "./publish";
import { lastSequences } from "./sequences";
import {
  addChannels,
  listTaskChannels,
  saveChannelReports,
  saveConsumedThrough,
} from "./task-channels";
import {
  forgetTask,
  getHeldTasks,
  holdTasks,
  saveTaskFacts,
  saveTunnelClient,
} from "./task-holding";
import { addSchema, listSchemas } from "./task-schemas";
import { forgetUpload, listAbandonedUploads, logUpload, logUploadId } from "./uploads";
import { renewWorker } from "./worker-leases";

/** The ledger in PostgreSQL. `host` is where this process runs, for people to see. */
export function createLedger(database: Database, { host }: { readonly host: string }): Ledger {
  return {
    renewWorker: (request) => renewWorker(database, { ...request, host }),
    holdTasks: (request) => holdTasks(database, request),
    saveTunnelClient: (request) => saveTunnelClient(database, request),
    addChannels: (request) => addChannels(database, request),
    listTaskChannels: (taskId) => listTaskChannels(database, taskId),
    saveChannelReports: (request) => saveChannelReports(database, request),
    saveConsumedThrough: (request) => saveConsumedThrough(database, request),
    saveTaskFacts: (request) => saveTaskFacts(database, request),
    forgetTask: (request) => forgetTask(database, request),
    claimChannels: (request) => claimChannels(database, request),
    releaseAllBut: (request) => releaseAllBut(database, request),
    fairShare: (workerId) => fairShare(database, workerId),
    releaseChannel: (lease) => releaseChannel(database, lease),
    getTasks: (taskIds) => getHeldTasks(database, taskIds),
    listSchemas: (taskId) => listSchemas(database, taskId),
    addSchema: (request) => addSchema(database, request),
    listUnacked: (lease) => listUnacked(database, lease),
    lastSequences: (request) => lastSequences(database, request),
    logUpload: (request) => logUpload(database, request),
    logUploadId: (request) => logUploadId(database, request),
    decide: (request) => decide(database, request),
    replaceUpload: (request) => replaceUpload(database, request),
    markPublished: (request) => markPublished(database, request),
    markAcked: (request) => markAcked(database, request),
    saveChannelError: (request) => saveChannelError(database, request),
    listAbandonedUploads: (request) => listAbandonedUploads(database, request),
    forgetUpload: (upload) => forgetUpload(database, upload),
  };
}
