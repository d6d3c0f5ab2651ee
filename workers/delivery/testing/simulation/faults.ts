import type { WorkerUnderTest } from "./worker-under-test";
import type { World } from "./world";

/** A schedule as its faults see it. */
export type Victims = {
  readonly world: World;
  /** Processes that run, stopped ones among them. */
  alive(): readonly WorkerUnderTest[];
  /** A new process in the place of one that is gone. */
  bear(): void;
};

/** What can happen to somebody. False: there was nobody to whom it could. */
type Fault = (victims: Victims) => boolean;

const soonMs = 60;
const timelyProbability = 0.12;

function any<T>(world: World, of: readonly T[]): T | undefined {
  return of[world.below(of.length)];
}

const outageMsMax = 1_500;
const stopMsMax = 3_500;
const pauseMsMax = 2_000;
const foreignMsMax = 1_500;

/** Every fault of the world, by the name that the counters and the trace know it by. */
export const faults = {
  crash({ world, alive, bear }) {
    const victim = any(world, alive());
    if (!victim) return false;
    victim.process.isAlive = false;
    bear();
    return true;
  },

  /** SIGSTOP, longer than the lease as often as not. */
  "stopped process"({ world, alive }) {
    const victim = any(world, alive());
    if (!victim) return false;
    victim.process.stoppedUntilMs = world.queue.nowMs + world.random() * stopMsMax;
    return true;
  },

  /** SIGTERM: it delivers what it has read, gives its channels back and ends. */
  "asked to end"({ world, alive, bear }) {
    const victim = any(world, alive());
    if (!victim) return false;
    victim.worker.stop();
    bear();
    return true;
  },

  /** Its owner lives on and knows nothing of it. */
  "stolen channel"({ world }) {
    const channel = any(world, [...world.ledger.channels.values()]);
    if (!channel || channel.owner === null) return false;
    channel.owner = null;
    return true;
  },

  "ended lease"({ world, alive }) {
    const victim = any(world, alive());
    if (!victim || !world.ledger.isAlive(victim.process.id)) return false;
    world.ledger.endLease(victim.process.id);
    return true;
  },

  "expired upload"({ world }) {
    const upload = any(world, world.store.openUploads());
    if (!upload) return false;
    void world.store.abortUpload(upload);
    return true;
  },

  "retention deletes an object"({ world }) {
    const published = [...world.ledger.objectsById.values()].filter((one) => one.isPublished);
    const object = any(world, published);
    if (!object) return false;
    world.store.deleteObject(object.key);
    return true;
  },

  "janitor's round"({ world, alive }) {
    const worker = any(world, alive());
    if (!worker) return false;
    worker.janitor.sweep().catch(() => undefined);
    return true;
  },

  "forgotten client"({ world }) {
    return world.tunnel.forgetClients();
  },

  "split channel"({ world }) {
    const nowMs = world.queue.nowMs;
    const splittable = [...world.tunnel.channels.values()].filter(
      (one) => one.kind === "stream" && !one.hasEnd && one.writtenBy(nowMs) < one.records.length,
    );
    const parent = any(world, splittable);
    if (!parent) return false;
    world.tunnel.split(parent);
    return true;
  },

  "clock steps"({ world, alive }) {
    const victim = any(world, alive());
    if (!victim) return false;
    victim.process.clockOffMs = world.below(3) === 0 ? 0 : (world.random() - 0.4) * 200_000;
    return true;
  },

  "party away"({ world }) {
    const party = any(world, ["ledger", "store", "tunnel"] as const);
    if (!party || world.network.away.has(party)) return false;
    world.network.away.add(party);
    world.queue.schedule(world.random() * outageMsMax, () => world.network.away.delete(party));
    return true;
  },

  "foreign object"({ world }) {
    const decided = [...world.ledger.objectsById.values()].filter((one) => !one.isPublished);
    const object = any(world, decided);
    if (!object || !world.watcher.putForeign(object.key)) return false;
    world.queue.schedule(world.random() * foreignMsMax, () =>
      world.watcher.takeForeignAway(object.key),
    );
    return true;
  },

  "task paused"({ world }) {
    const { ledger, queue } = world;
    if (ledger.task.desiredState !== "running") return false;
    ledger.task = { ...ledger.task, desiredState: "paused" };
    queue.schedule(world.random() * pauseMsMax, () => {
      if (ledger.task.desiredState === "paused")
        ledger.task = { ...ledger.task, desiredState: "running" };
    });
    return true;
  },

  "task edited"({ world }) {
    const { ledger } = world;
    const { settings } = ledger.task;
    const flush = { ...settings.flush, seconds: 0.5 + world.random() };
    ledger.task = { ...ledger.task, settings: { ...settings, flush } };
    return true;
  },

  "task deleted"({ world }) {
    // Seldom: a schedule has little to say after it.
    if (world.below(12) > 0 || world.ledger.task.completedAt !== null) return false;
    world.ledger.task = { ...world.ledger.task, desiredState: "deleted" };
    return true;
  },
} satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;

export const faultNames = Object.keys(faults) as FaultName[];

/** The same faults where they hurt most: between a decide and its publishing, and right after that. */
export function waitForMoments(world: World, isOn: (fault: FaultName) => boolean): void {
  const soon = (fault: FaultName, run: () => unknown) => {
    if (!isOn(fault) || !world.fails(timelyProbability)) return;
    world.queue.schedule(world.random() * soonMs, () => {
      if (run() === false) return;
      world.count(`fault: ${fault}`);
      world.note(() => `* ${fault}, in time`);
    });
  };
  world.watcher.onDecided = (objects) => {
    const object = any(world, objects);
    if (!object) return;
    soon("expired upload", () => void world.store.abortUpload(object));
    soon("foreign object", () => putForeign(world, object.key));
  };
  world.watcher.onMarked = (objectIds) => {
    const object = world.ledger.objectsById.get(any(world, objectIds) ?? "");
    // Before it is marked nobody can tell a deleted object from one whose upload vanished.
    if (object?.isPublished)
      soon("retention deletes an object", () => void world.store.deleteObject(object.key));
  };
}

function putForeign(world: World, key: string): boolean {
  if (!world.watcher.putForeign(key)) return false;
  const goneMs = world.random() * foreignMsMax;
  world.queue.schedule(goneMs, () => world.watcher.takeForeignAway(key));
  return true;
}
