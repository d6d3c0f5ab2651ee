import type { Victims } from "./faults";

/** What happens when nothing is left to chance: sets its traps and lets the world run into them. */
export type Directed = (victims: Victims) => void;

/** Shorter than a lease, so that the zombie never hears that it is one; long enough for its heir. */
const asleepMs = 900;

/**
 * An upload vanishes after its decide. Its owner is stopped while it stages the object again, and loses
 * the channel; its heir stages it again too, publishes it, and a lifecycle rule deletes it. Then the
 * zombie wakes: what it has staged must never become visible.
 */
export const stagedAgainByTwo: Directed = ({ world, alive }) => {
  const { ledger, queue, store, watcher } = world;
  let isSet = true;
  watcher.onDecided = (objects) => {
    for (const object of objects) void store.abortUpload(object);
  };
  watcher.onCreated = (objectId) => {
    const object = ledger.objectsById.get(objectId);
    if (!object || !isSet) return;
    const channel = [...ledger.channels.values()].find(({ batches }) =>
      batches.some(({ objects }) => objects.includes(object)),
    );
    const owner = alive().find(({ process }) => process.id === channel?.owner);
    if (!channel || !owner) return;
    isSet = false;
    channel.owner = null;
    owner.process.stoppedUntilMs = queue.nowMs + asleepMs;
    watcher.onMarked = (objectIds) => {
      for (const id of objectIds) store.deleteObject(ledger.objectsById.get(id)?.key ?? "");
      world.count("directed: deleted before the zombie woke");
    };
  };
};
