import type { DatasetConsole } from "./dataset-console";
import { simulated } from "./dataset-tables";
import type { DatasetWorker } from "./dataset-worker";
import type { DatasetWorld } from "./dataset-world";

/** A schedule as its faults see it. */
export type DatasetVictims = {
  readonly world: DatasetWorld;
  /** Processes that run, stopped ones among them. */
  workers(): readonly DatasetWorker[];
  /** New processes in the place of those that are gone. */
  replaceTheDead(): void;
};

/** What can happen to somebody. False: there was nobody to whom it could. */
type Fault = (victims: DatasetVictims) => boolean;

const stopMsMax = 3_000;
const outageMsMax = 1_500;
const soonMs = 120;
const foreignMsMax = 1_500;
const timelyProbability = 0.15;

function any<T>(world: DatasetWorld, of: readonly T[]): T | undefined {
  return of[world.below(of.length)];
}

function anyProcess({
  world,
  workers,
}: DatasetVictims): DatasetWorker | DatasetConsole | undefined {
  return any(world, [...workers(), ...world.consoles]);
}

/** Every fault of the world, by the name that the counters and the trace know it by. */
export const datasetFaults = {
  "worker crashes"({ world, workers, replaceTheDead }) {
    const victim = any(world, workers());
    if (!victim) return false;
    victim.process.isAlive = false;
    replaceTheDead();
    return true;
  },

  "console crashes"({ world, replaceTheDead }) {
    world.anyConsole().process.isAlive = false;
    replaceTheDead();
    return true;
  },

  /** SIGSTOP, longer than a hold as often as not. */
  "stopped process"(victims) {
    const victim = anyProcess(victims);
    if (!victim) return false;
    const { queue, random } = victims.world;
    victim.process.stoppedUntilMs = queue.nowMs + random() * stopMsMax;
    return true;
  },

  /** SIGTERM. */
  "asked to end"({ world, workers, replaceTheDead }) {
    const victim = any(world, workers());
    if (!victim) return false;
    victim.stop();
    replaceTheDead();
    return true;
  },

  "hold runs out"({ world }) {
    const { commits, merges, nowMs } = world.tables;
    const held = [...commits.values()].filter(
      ({ finishedAtMs, finishAfterMs }) => finishedAtMs === null && finishAfterMs > nowMs(),
    );
    const merging = [...merges.values()].filter(({ holdUntilMs }) => holdUntilMs !== null);
    for (const commit of held) commit.finishAfterMs = nowMs();
    for (const merge of merging) merge.holdUntilMs = nowMs();
    return held.length + merging.length > 0;
  },

  "expired upload"({ world }) {
    const upload = any(world, world.store.openUploads());
    if (!upload) return false;
    world.watcher.vanish(upload);
    return true;
  },

  "foreign object"({ world }) {
    const { objects } = world.tables;
    const object = any(
      world,
      [...objects.values()].filter(({ publishedAtMs }) => publishedAtMs === null),
    );
    if (!object || !world.watcher.putForeign(object.key)) return false;
    world.queue.schedule(world.random() * foreignMsMax, () =>
      world.watcher.takeForeignAway(object.key),
    );
    return true;
  },

  "janitor's round"({ world, workers }) {
    const worker = any(world, workers());
    if (!worker) return false;
    worker.janitor.sweep().catch(() => undefined);
    return true;
  },

  "party away"({ world }) {
    const party = any(world, ["ledger", "store"] as const);
    if (!party || world.network.away.has(party)) return false;
    world.network.away.add(party);
    world.queue.schedule(world.random() * outageMsMax, () => world.network.away.delete(party));
    return true;
  },

  "full disk"({ world }) {
    if (world.disk.isFull) return false;
    world.disk.isFull = true;
    world.queue.schedule(world.random() * outageMsMax, () => {
      world.disk.isFull = false;
    });
    return true;
  },

  "new schema version"({ world }) {
    world.tables.schemaVersion += 1;
    return true;
  },

  "stream ended by hand"({ world }) {
    const session = any(world, [...world.tables.streamSessions.values()]);
    if (session?.endedAtMs !== null) return false;
    session.endedAtMs = world.tables.nowMs();
    return true;
  },

  "merge settings changed"({ world }) {
    const { mergeSettings } = world.tables;
    const originals = mergeSettings.originals === "keep" ? "remove" : "keep";
    world.tables.mergeSettings = { ...mergeSettings, originals, isEnabled: world.below(4) > 0 };
    return true;
  },

  "merge asked for"({ world }) {
    const partition = any(world, [...world.tables.uploadSessions.values()])?.partition;
    if (partition === undefined || world.tables.unmerged(partition).length === 0) return false;
    world.askForMerge(partition);
    return true;
  },

  /** It reads what is there now, for a while. */
  "download begun"({ world }) {
    const { tables } = world;
    const visible = [...tables.objects.values()].filter(
      (one) => one.kind === "rows" && one.replacedBy === null && one.publishedAtMs !== null,
    );
    if (visible.length === 0) return false;
    tables.downloads.push({
      objectIds: new Set(visible.map(({ objectId }) => objectId)),
      expiresAtMs: tables.nowMs() + world.random() * simulated.dayMs,
    });
    return true;
  },
} satisfies Record<string, Fault>;

export type DatasetFaultName = keyof typeof datasetFaults;

export const datasetFaultNames = Object.keys(datasetFaults) as DatasetFaultName[];

/** The same where it hurts most: between a decide and its publishing. */
export function waitForDecides(victims: DatasetVictims, names: readonly DatasetFaultName[]): void {
  const { world } = victims;
  const soon = (name: DatasetFaultName, run: () => void) => {
    if (!names.includes(name) || !world.fails(timelyProbability)) return;
    world.queue.schedule(world.random() * soonMs, () => {
      run();
      world.count(`fault: ${name}`);
      world.note(() => `* ${name}, in time`);
    });
  };
  world.watcher.onDecided = (objects) => {
    for (const object of objects) {
      soon("expired upload", () => world.watcher.vanish(object));
      // There are few merges in a schedule.
      if (object.isCopy) soon("expired upload", () => world.watcher.vanish(object));
    }
    soon("hold runs out", () => datasetFaults["hold runs out"](victims));
    soon("worker crashes", () => datasetFaults["worker crashes"](victims));
    soon("console crashes", () => datasetFaults["console crashes"](victims));
  };
}
