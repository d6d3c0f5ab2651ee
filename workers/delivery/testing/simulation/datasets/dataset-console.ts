import { streamObjectStem, uploadObjectKey } from "@/lib/core/dataset";
import { toAppError } from "@/lib/core/error";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import { canDecide, type FlushVerdict } from "@/lib/core/stream-flush";
import type { UploadSessionStatus } from "@/lib/core/upload-session";
import type { StoredDataset } from "@/lib/db/datasets";
import type { Clock } from "@/lib/platform/clock";
import {
  giveUpUpload,
  StagedObject,
  type StagedRows,
  type UploadLog,
} from "@/lib/services/stage-rows";
import { CommitWatch } from "@/lib/services/streams/commit-watch";
import { PackRows } from "@/lib/services/streams/pack-rows";
import {
  type CommitPacks,
  type FlushOutcome,
  type Pack,
  StreamWindows,
} from "@/lib/services/streams/stream-windows";
import type { ProcessState } from "../network";
import { putRows } from "./dataset-rows";
import { columns, datasetFolder, datasetId, datasetName, destinationId } from "./dataset-tables";
import type { DatasetWorld } from "./dataset-world";
import type { StreamAnswer, StreamDecision } from "./stream-tables";
import type { NewUpload, UploadDecision } from "./upload-tables";

/** Shorter than the product's, as everything is here. */
const finishWaitMs = 1_200;
const lookEveryMs = 50;
const decideForMs = 1_500;
const askAgainAfterMs = 250;
const flushMs = 80;
const stagedBy = "console";

const compression = "uncompressed";
const dataset: StoredDataset = {
  id: datasetId,
  settings: {
    ...{ name: datasetName, destinationId, folder: datasetFolder, partitionColumns: ["p"] },
    ...{ columns, compression },
  },
  ...{ schemaVersion: 1, objects: 0, rows: 0, bytes: 0, createdAt: new Date(0) },
};

export type CommitReply =
  | { readonly kind: "status"; readonly status: UploadSessionStatus }
  | Exclude<UploadDecision, { readonly kind: "decided" | "decided_already" }>;

export type FlushReply =
  | { readonly kind: "visible" | "pending" | "lost" }
  | { readonly kind: Exclude<FlushVerdict, "decide" | "recorded"> };

export type FlushRequest = {
  readonly sessionId: string;
  readonly flushId: string;
  readonly partition: string;
  readonly rows: readonly number[];
};

/**
 * A console process. What stages, groups and watches is the product's own; the services around it take
 * a database and not a port, so each of them is told again here, step for step: write-block.ts,
 * commit-upload-session.ts, upload-sessions.ts, write-flush.ts and commit-window.ts.
 */
export class DatasetConsole {
  readonly process: ProcessState;
  readonly #world: DatasetWorld;
  readonly #clock: Clock;
  readonly #store: ObjectStore;
  readonly #ports: ReturnType<DatasetWorld["portsOf"]>;
  readonly #log: UploadLog;
  readonly #windows: StreamWindows;
  readonly #watch: CommitWatch;

  constructor(world: DatasetWorld, id: string) {
    this.process = { id, isAlive: true, stoppedUntilMs: 0, clockOffMs: 0 };
    this.#world = world;
    this.#clock = world.network.clockOf(this.process);
    this.#ports = world.portsOf(this.process);
    this.#store = world.storeOf(this.process);
    const { log, streams } = this.#ports;
    this.#log = {
      begun: (upload) => log.logUpload({ ...upload, workerId: stagedBy }),
      created: (upload) => log.logUploadId(upload),
      forgotten: (upload) => log.forgetUpload({ ...upload, workerId: stagedBy }),
    };
    const commit: CommitPacks = (place, packs, settle) =>
      this.#commitWindow(place.partition.folder, packs, settle);
    this.#windows = new StreamWindows(commit, this.#clock);
    this.#watch = new CommitWatch((ids) => streams.listCommitProgress(ids), this.#clock);
  }

  createUpload(upload: NewUpload): Promise<"made" | "overwrite" | "stream"> {
    return this.#ports.uploads.createSession(upload);
  }

  async writeBlock(
    sessionId: string,
    blockId: number,
    rows: readonly number[],
  ): Promise<"saved" | "refused"> {
    const { uploads } = this.#ports;
    const session = await uploads.getSession(sessionId);
    if (session?.status !== "normal") return "refused";
    const place = { dataset: datasetName, sessionId, blockId };
    const key = uploadObjectKey(session.partition, place);
    const staged = await this.#stage(key, (staging) => putRows(staging, rows), rows);
    const saved = await uploads.saveBlock(sessionId, { ...staged, blockId });
    if (saved.kind === "closed") {
      await this.#giveUp(staged);
      return "refused";
    }
    if (saved.replaced) await this.#giveUp(saved.replaced);
    return "saved";
  }

  async commitUpload(sessionId: string, blockIds: readonly number[]): Promise<CommitReply> {
    const { uploads } = this.#ports;
    const commitId = this.#world.newObjectId();
    const decision = await uploads.commit({ commitId, sessionId, blockIds });
    if (decision.kind !== "decided" && decision.kind !== "decided_already") return decision;
    const untilMs = this.#clock.monotonic() + finishWaitMs;
    while (this.#clock.monotonic() < untilMs) {
      const state = await uploads.readCommitState(sessionId);
      if (state === null || state.finished || state.lost) break;
      await this.#clock.sleep(lookEveryMs);
    }
    const session = await uploads.getSession(sessionId);
    return session ? { kind: "status", status: session.status } : { kind: "not_found" };
  }

  async abortUpload(sessionId: string): Promise<"aborted" | "refused"> {
    const { answer, blocks } = await this.#ports.uploads.abort(sessionId);
    if (answer === "refused") return "refused";
    for (const block of blocks) await this.#giveUp(block);
    return "aborted";
  }

  async createStream(): Promise<string> {
    const sessionId = this.#world.newObjectId();
    await this.#ports.streams.createSession(sessionId);
    return sessionId;
  }

  endStream(sessionId: string): Promise<void> {
    return this.#ports.streams.endSession(sessionId);
  }

  async takeVersion(sessionId: string): Promise<void> {
    const { streams } = this.#ports;
    const session = await streams.getSession(sessionId);
    if (session) await streams.takeVersion(sessionId, session.datasetVersion);
  }

  async flush(request: FlushRequest): Promise<FlushReply> {
    const { streams } = this.#ports;
    const { sessionId, flushId, partition, rows } = request;
    const contentHash = `${partition} ${rows}`;
    const session = await streams.getSession(sessionId);
    const status = session?.status ?? "ended";
    const first = await streams.getFlush(sessionId, flushId);
    const isOpen = session !== null && status === "normal";
    const recorded = first || isOpen ? first : await streams.getFlush(sessionId, flushId);
    if (recorded) return this.#answerRecorded(recorded, contentHash);
    if (!isOpen) return { kind: status === "normal" ? "ended" : status };
    const { schemaVersion, datasetVersion } = session;
    if (schemaVersion !== datasetVersion) return { kind: "schema_modified" };
    const content = new PackRows(columns);
    putRows(content, rows);
    const decided = { sessionId, flushId, contentHash, schemaVersion, rows: rows.length };
    const outcome = await this.#windows.add(
      { dataset: { ...dataset, schemaVersion }, partition: { folder: partition, spec: "" } },
      {
        decided: { ...decided, bytes: rows.length },
        ...{ flush: { bytes: 1_000, milliseconds: flushMs }, content },
      },
    );
    return this.#answerOutcome(request, outcome, contentHash);
  }

  async #answerOutcome(
    { sessionId, flushId }: FlushRequest,
    outcome: FlushOutcome,
    contentHash: string,
  ): Promise<FlushReply> {
    if (outcome.kind === "decided") return this.#answerVisible(outcome.object?.commitId ?? null);
    if (outcome.verdict !== "recorded") return { kind: outcome.verdict };
    const recorded = await this.#ports.streams.getFlush(sessionId, flushId);
    if (!recorded) throw new Error("A flush that is recorded stays so while its session does");
    return this.#answerRecorded(recorded, contentHash);
  }

  async #answerRecorded(
    recorded: { readonly contentHash: string; readonly commitId: string | null },
    contentHash: string,
  ): Promise<FlushReply> {
    if (recorded.contentHash !== contentHash) return { kind: "differs" };
    return this.#answerVisible(recorded.commitId);
  }

  async #answerVisible(commitId: string | null): Promise<FlushReply> {
    if (commitId === null) return { kind: "visible" };
    return { kind: (await this.#watch.wait(commitId, finishWaitMs)).kind };
  }

  /** A window's packs as one object, decided together; without those that may not be, once more. */
  async #commitWindow(
    partition: string,
    packs: readonly Pack[],
    settle: (pack: Pack, outcome: FlushOutcome) => void,
  ): Promise<void> {
    let left = packs;
    while (left.length > 0) {
      const objectId = this.#world.newObjectId();
      const stem = streamObjectStem(partition, { dataset: datasetName, objectId });
      const rows = left.flatMap(({ decided }) => rowsOf(decided.contentHash));
      const copy = async (staging: StagedObject) => {
        for (const { content } of left)
          await content.copyTo(staging.target, 1_000, () => staging.turn());
      };
      const staged = await this.#stage(`${stem}__1.parquet`, copy, rows, objectId);
      const decision: StreamDecision = {
        ...{ commitId: this.#world.newObjectId(), partition, object: { ...staged, stem } },
        packs: left.map(({ decided }) => decided),
      };
      const answer = await this.#decide(decision);
      if (answer.kind === "decided") {
        for (const pack of left) settle(pack, outcomeOf(pack, decision));
        return;
      }
      await this.#giveUp(staged);
      left = settleLeftOut(left, answer, settle);
    }
  }

  /** The same decision until there is an answer; when it gives up, the upload stays as it is. */
  async #decide(decision: StreamDecision): Promise<StreamAnswer> {
    const untilMs = this.#clock.monotonic() + decideForMs;
    for (;;) {
      try {
        return await this.#ports.streams.decide(decision);
      } catch (thrown) {
        const error = toAppError(thrown);
        const isAway = error.code === "internal.database_unavailable";
        if (!isAway || this.#clock.monotonic() >= untilMs) throw error;
        await this.#clock.sleep(askAgainAfterMs);
      }
    }
  }

  async #stage(
    key: string,
    put: (staging: StagedObject) => Promise<void> | void,
    rows: readonly number[],
    objectId = this.#world.newObjectId(),
  ): Promise<StagedRows> {
    this.#world.watcher.promises.willStage(objectId, rows);
    const place = { store: this.#store, log: this.#log, objectId, key };
    const staging = new StagedObject({ ...place, columns, compression });
    try {
      await put(staging);
      return await staging.finish();
    } catch (thrown) {
      await staging.giveUp();
      throw thrown;
    }
  }

  #giveUp(upload: Pick<StagedRows, "objectId" | "key" | "uploadId">): Promise<void> {
    return giveUpUpload({ store: this.#store, log: this.#log }, upload);
  }
}

/** What a pack's hash was made of. */
function rowsOf(contentHash: string): number[] {
  const rows = contentHash.split(" ")[1] ?? "";
  return rows === "" ? [] : rows.split(",").map(Number);
}

function outcomeOf({ decided }: Pack, { commitId, object }: StreamDecision): FlushOutcome {
  const place = { commitId, id: object.objectId, key: object.key };
  return { kind: "decided", decidedAt: new Date(0), object: decided.rows > 0 ? place : null };
}

function settleLeftOut(
  packs: readonly Pack[],
  { verdicts }: Extract<StreamAnswer, { kind: "left_out" }>,
  settle: (pack: Pack, outcome: FlushOutcome) => void,
): readonly Pack[] {
  if (canDecide(verdicts))
    throw new Error("A window of which every pack may be decided is decided");
  return packs.filter((pack, index) => {
    const verdict = verdicts[index] as FlushVerdict;
    if (verdict !== "decide") settle(pack, { kind: "left_out", verdict, datasetVersion: null });
    return verdict === "decide";
  });
}
