import { addCounts, zeroCounts } from "@/lib/core/account";
import type { ClaimedChannel, Ledger } from "@/lib/core/ports/ledger";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import type { Tunnel } from "@/lib/core/ports/table-source";
import type { InMemoryObjectStore } from "@/lib/storage/testing/in-memory-object-store";
import { overridden } from "./overridden";
import type { LedgerChannel, SimulatedLedger } from "./simulated-ledger";
import type { SimulatedTunnel } from "./simulated-tunnel";
import type { LedgerPort } from "./watcher";

/**
 * How a world is bent so that a guarantee has to break: a simulator that finds nothing is worth
 * nothing. Every mutant lives in a port; the product runs as it is. Each names what has to break.
 */
export const mutants = {
  "no epoch check at decide": "D6",
  "no batch number check at decide": "D4",
  "no fence at decide": "D[26]",
  "ack at decide instead of after publish": "D3",
  "ack beyond what is published": "D3",
  "no second read when an upload vanished": "D7",
  "cancel instead of roll forward on takeover": "D1",
  "janitor aborts what is decided": "J1",
  "upload logged after its creation": "J2",
  "publish without If-None-Match and HEAD": "D1",
  "upload that completes twice": "D1",
  "staged again whether published or not": "D1",
  "second read takes whole pages": "D7",
  "new owner reads from the source's checkpoint": "D2",
  "terminated before the last ack": "P1",
  "sequences counted from one at each batch": "Nothing comes of it",
} as const;

export type Mutant = keyof typeof mutants;

type Request<M extends keyof Ledger> = Parameters<Ledger[M]>[0];
type Bends<P> = Partial<Record<Mutant, Partial<P>>>;

export function bendLedger(
  mutant: Mutant | undefined,
  ledger: SimulatedLedger,
  tunnel: SimulatedTunnel,
): LedgerPort {
  const channelOf = (key: string) => ledger.channels.get(key) as LedgerChannel;
  const current = ({ lease }: Request<"decide">) => {
    const channel = channelOf(lease.channelKey);
    channel.owner ??= lease.workerId;
    return { ...lease, workerId: channel.owner, epoch: channel.epoch };
  };
  const next = ({ lease, batch }: Request<"decide">) => {
    const { batches, checkpoint } = channelOf(lease.channelKey);
    return { ...batch, number: batches.length + 1, startCheckpoint: checkpoint };
  };
  const bends: Bends<Ledger> = {
    "no epoch check at decide": {
      decide: (request) => ledger.decide({ ...request, lease: current(request) }),
    },
    "no fence at decide": {
      decide: (request) => {
        channelOf(request.lease.channelKey).finished = false;
        // Zombie and heir count the same sequences; the key alone must not be what is left of a fence.
        for (const { location, bucket, key } of request.batch.objects)
          ledger.objectsByKey.delete(`${location} ${bucket} ${key}`);
        return ledger.decide({ ...request, lease: current(request), batch: next(request) });
      },
    },
    "no batch number check at decide": {
      async decide(request) {
        if (!ledger.holds(request.lease)) return "fenced";
        const { objects } = request.batch;
        const unknown = objects.filter(({ objectId }) => !ledger.objectsById.has(objectId));
        const batch = { ...request.batch, objects: unknown };
        ledger.append(channelOf(request.lease.channelKey), batch, request.lease.epoch);
        return "decided";
      },
    },
    "ack at decide instead of after publish": {
      async decide(request) {
        const outcome = await ledger.decide(request);
        const { channelId } = channelOf(request.lease.channelKey);
        const source = tunnel.channel(channelId);
        if (outcome === "decided")
          source.trimmed = Math.max(source.trimmed, source.consumedBy(request.batch.endCheckpoint));
        return outcome;
      },
    },
    "cancel instead of roll forward on takeover": {
      async claimChannels(request) {
        const claims = await ledger.claimChannels(request);
        return claims.map((claim) => cancelDecided(claim, channelOf(claim.channelKey)));
      },
    },
    "janitor aborts what is decided": {
      async listAbandonedUploads() {
        return ledger.uploads;
      },
    },
    "upload logged after its creation": {
      async logUpload() {},
      async logUploadId({ objectId, uploadId }) {
        const nobody = { channelKey: "", workerId: "", destinationId: "", bucket: "", key: "" };
        await ledger.logUpload({ objectId, ...nobody });
        await ledger.logUploadId({ objectId, uploadId });
      },
    },
    "staged again whether published or not": {
      async replaceUpload({ objectId, lease: _, replaces: __, ...upload }) {
        const object = ledger.objectsById.get(objectId);
        if (object) Object.assign(object, upload);
        return "replaced";
      },
    },
    "new owner reads from the source's checkpoint": {
      async claimChannels(request) {
        const claims = await ledger.claimChannels(request);
        return claims.map((claim) => {
          const { checkpoint } = tunnel.channel(claim.channelId);
          channelOf(claim.channelKey).checkpoint = checkpoint;
          return { ...claim, checkpoint };
        });
      },
    },
    "terminated before the last ack": {
      async listTaskChannels() {
        const known = await ledger.listTaskChannels();
        return known.map((one) => ({
          ...one,
          drained: ledger.channelOf(one.channelId)?.finished === true,
        }));
      },
    },
    "sequences counted from one at each batch": {
      async lastSequences() {
        return new Map();
      },
      async decide(request) {
        for (const { location, bucket, key } of request.batch.objects)
          ledger.objectsByKey.delete(`${location} ${bucket} ${key}`);
        return ledger.decide(request);
      },
    },
  };
  return overridden<LedgerPort>(ledger, (mutant && bends[mutant]) ?? {});
}

/** Forgets what was decided and not published, as a protocol would that takes everything back. */
function cancelDecided(claim: ClaimedChannel, channel: LedgerChannel): ClaimedChannel {
  const first = channel.batches.findIndex(({ isPublished }) => !isPublished);
  if (first < 0) return claim;
  channel.checkpoint = channel.batches[first]?.startCheckpoint ?? claim.checkpoint;
  channel.batches.splice(first);
  channel.finished = false;
  channel.counts = channel.batches.reduce(
    (sum, { counts }) => addCounts(sum, counts),
    zeroCounts(),
  );
  const { checkpoint, batches } = channel;
  return { ...claim, checkpoint, finished: false, batchNumber: batches.length };
}

export function bendStore(mutant: Mutant | undefined, store: InMemoryObjectStore): ObjectStore {
  const metadataOf = new Map<string, Readonly<Record<string, string>>>();
  const partsOf = new Map<string, Uint8Array[]>();
  const bends: Bends<ObjectStore> = {
    "no second read when an upload vanished": {
      async completeUpload(request) {
        const outcome = await store.completeUpload(request);
        const isLost = outcome.kind === "upload_gone" && (await store.head(request.key)) === null;
        return isLost ? { kind: "completed", etag: "" } : outcome;
      },
    },
    "publish without If-None-Match and HEAD": {
      async completeUpload(request) {
        const outcome = await store.completeUpload(request);
        if (outcome.kind !== "key_taken") return outcome;
        store.deleteObject(request.key);
        return store.completeUpload(request);
      },
    },
    "upload that completes twice": {
      async createUpload(request) {
        const uploadId = await store.createUpload(request);
        metadataOf.set(uploadId, request.metadata);
        return uploadId;
      },
      async uploadPart(request) {
        partsOf.set(request.uploadId, [...(partsOf.get(request.uploadId) ?? []), request.body]);
        return store.uploadPart(request);
      },
      async completeUpload(request) {
        const { key, uploadId } = request;
        const outcome = await store.completeUpload(request);
        const bodies = partsOf.get(uploadId);
        if (outcome.kind !== "upload_gone" || !bodies || (await store.head(key))) return outcome;
        const again = await store.createUpload({ key, metadata: metadataOf.get(uploadId) ?? {} });
        for (const [index, body] of bodies.entries())
          await store.uploadPart({ key, uploadId: again, partNumber: index + 1, body });
        return store.completeUpload({ ...request, uploadId: again });
      },
    },
  };
  return overridden<ObjectStore>(store, (mutant && bends[mutant]) ?? {});
}

export function bendTunnel(mutant: Mutant | undefined, tunnel: SimulatedTunnel): Tunnel {
  const bends: Bends<Tunnel> = {
    "ack beyond what is published": {
      async writeCheckpoint(clientId, channelId, position) {
        await tunnel.writeCheckpoint(clientId, channelId, position);
        const channel = tunnel.channel(channelId);
        channel.trimmed = channel.readThrough;
      },
    },
  };
  return overridden<Tunnel>(tunnel, (mutant && bends[mutant]) ?? {});
}
