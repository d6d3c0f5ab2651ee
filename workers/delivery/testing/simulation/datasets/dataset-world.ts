import type { MergeSettings } from "@/lib/core/merge-settings";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import { InMemoryObjectStore } from "@/lib/storage/testing/in-memory-object-store";
import type { Adapters } from "../../../adapters";
import type { ProcessState } from "../network";
import { overridden } from "../overridden";
import { SeededWorld } from "../seeded-world";
import { bucket, location } from "../world";
import { CommitTables } from "./commit-tables";
import type { DatasetConsole } from "./dataset-console";
import { bendPorts, bendStore, type DatasetMutant } from "./dataset-mutants";
import { type DatasetLimits, DatasetTables, mergeFolder } from "./dataset-tables";
import { DatasetWatcher } from "./dataset-watcher";
import { MergeTables } from "./merge-tables";
import { SimulatedDisk } from "./simulated-disk";
import type { EngineOutcome } from "./stand-in-engine";
import { StreamTables } from "./stream-tables";
import { UploadLogTables } from "./upload-log-tables";
import { UploadTables } from "./upload-tables";

export type DatasetWorldOptions = {
  readonly mutant?: DatasetMutant | undefined;
  /** Keeps what happens, line by line. */
  readonly isTraced?: boolean;
};

/** The database, by what its clients know of it. */
export type DatasetPorts = {
  readonly log: UploadLogTables;
  readonly uploads: UploadTables;
  readonly streams: StreamTables;
  readonly merges: MergeTables;
  readonly commits: CommitTables;
};

const smallBytes = 1_000;

/** Store, database, disk and time of one schedule of a dataset's writers. */
export class DatasetWorld extends SeededWorld {
  readonly store = new InMemoryObjectStore({ bucket });
  readonly disk = new SimulatedDisk();
  readonly tables: DatasetTables;
  readonly watcher: DatasetWatcher;
  /** Consoles that run, stopped ones among them. */
  consoles: readonly DatasetConsole[] = [];
  /** Workers whose leases hold. */
  readonly leases = new Set<string>();
  readonly mutant: DatasetMutant | undefined;
  readonly #ports: DatasetPorts;
  readonly #store: ObjectStore;
  readonly #janitorsStore: ObjectStore;
  readonly #engineFails: boolean;
  #rows = 0;

  constructor(seed: number, { mutant, isTraced = false }: DatasetWorldOptions) {
    super(seed, isTraced);
    this.mutant = mutant;
    this.#engineFails = this.below(2) === 0;
    const nowMs = () => this.queue.nowMs;
    this.tables = new DatasetTables({
      ...{ nowMs, limits: this.#limits(), mergeSettings: this.#mergeSettings() },
      isAlive: (workerId) => this.leases.has(workerId),
    });
    const { tables, store } = this;
    this.watcher = new DatasetWatcher({ tables, store, nowMs, met: this.count });
    const merges = new MergeTables(tables);
    const ports = {
      ...{ log: new UploadLogTables(tables), uploads: new UploadTables(tables) },
      ...{ streams: new StreamTables(tables), commits: new CommitTables(tables), merges },
    };
    this.#ports = this.watcher.watchPorts(bendPorts(mutant, ports, tables));
    const bent = bendStore(mutant, store);
    this.#store = this.watcher.watchStore(bent);
    this.#janitorsStore = this.watcher.watchStore(bent, true);
  }

  #limits(): DatasetLimits {
    const few = () => this.below(6) === 0;
    return { unfinishedMax: few() ? 1 : 32, streamedPartitionsMax: few() ? 1 : 64 };
  }

  #mergeSettings(): MergeSettings {
    return {
      ...{ isEnabled: this.below(6) > 0, folder: mergeFolder },
      ...{ order: { kind: "none", columns: [] }, smallBytes, objectsMin: 2 + this.below(2) },
      targetBytes: this.below(3) === 0 ? smallBytes : 1_000_000,
      ...{ rowGroupRows: null, originals: this.below(4) === 0 ? "keep" : "remove" },
      graceSeconds: this.below(3) === 0 ? 0 : 1,
    };
  }

  newRows(count: number): readonly number[] {
    return Array.from({ length: count }, () => {
      this.#rows += 1;
      return this.#rows;
    });
  }

  /** Of those who are no process that can be hurt. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.queue.schedule(ms, resolve));
  }

  anyConsole(): DatasetConsole {
    return this.consoles[this.below(this.consoles.length)] as DatasetConsole;
  }

  engineOutcome(): EngineOutcome {
    if (this.mutant === "engine that loses a row and says nothing") return "row lost";
    if (!this.#engineFails || !this.isFaulty) return "merged";
    return (["merged", "failed", "copy differs"] as const)[this.below(3)] ?? "merged";
  }

  /** The database as one process reaches it. */
  portsOf(process: ProcessState): DatasetPorts {
    const over = <P extends object>(port: P): P => this.network.over("ledger", port, process);
    const { log, uploads, streams, merges, commits } = this.#ports;
    const calls = over(commits);
    return {
      ...{ log: over(log), uploads: over(uploads), streams: over(streams), merges: over(merges) },
      commits: overridden(calls, {
        // Two statements of the real one: a process can end, or an answer be lost, between them.
        markPublished: async (request) => {
          await calls.markObjects(request);
          await calls.markCommit(request);
        },
      }),
    };
  }

  storeOf(process: ProcessState): ObjectStore {
    return this.network.over("store", this.#store, process);
  }

  adaptersOf(process: ProcessState, isJanitor = false): Pick<Adapters, "destination"> {
    const port = isJanitor ? this.#janitorsStore : this.#store;
    const store = this.network.over("store", port, process);
    return { destination: async () => ({ store, bucket, location }) };
  }

  /** Without a network: for whoever comes when everything is over. */
  get janitorsPorts(): { log: UploadLogTables; adapters: Pick<Adapters, "destination"> } {
    const destination = async () => ({ store: this.#janitorsStore, bucket, location });
    return { log: this.#ports.log, adapters: { destination } };
  }

  /** As a person does. */
  askForMerge(partition: string): void {
    this.#ports.merges.insertMerge({ id: this.newObjectId(), partition, isAsked: true });
  }

  /** Nothing is under way that somebody would still bring about. */
  get isAtRest(): boolean {
    const { commits, merges } = this.tables;
    if ([...commits.values()].some(({ finishedAtMs }) => finishedAtMs === null)) return false;
    const { isEnabled } = this.tables.mergeSettings;
    return [...merges.values()].every((merge) => {
      const isUnder = merge.endedAtMs === null && (isEnabled || merge.isAsked);
      return !isUnder && !this.#ports.merges.mayRelease(merge);
    });
  }
}
