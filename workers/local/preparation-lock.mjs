/**
 * Two starts in one clone must not install or build at the same time: both would write the same
 * folders. Plain Node: it runs before the packages exist.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

/** How long a lock may be without its owner's id: the time between the two calls that make it. */
const unnamedForMsMax = 2_000;

/** Waits until no other process prepares this clone; gives the function that releases it. */
export async function holdPreparationLock(root, say) {
  const lock = path.join(root, ".culvert-preparing");
  let waiting = false;
  let unnamedSince = null;
  while (!tryLock(lock)) {
    const owner = readOwner(lock);
    unnamedSince = owner === null ? (unnamedSince ?? Date.now()) : null;
    const abandoned =
      owner === null ? Date.now() - unnamedSince > unnamedForMsMax : !isAlive(owner);
    if (abandoned) {
      rmSync(lock, { recursive: true, force: true });
      continue;
    }
    if (!waiting && owner !== null)
      say(`Another start (process ${owner}) prepares this clone; waiting …`);
    waiting ||= owner !== null;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const release = () => rmSync(lock, { recursive: true, force: true });
  process.once("exit", release);
  return () => {
    process.removeListener("exit", release);
    release();
  };
}

function tryLock(lock) {
  try {
    mkdirSync(lock);
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
  writeFileSync(path.join(lock, "pid"), String(process.pid));
  return true;
}

function readOwner(lock) {
  try {
    return Number(readFileSync(path.join(lock, "pid"), "utf8")) || null;
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
