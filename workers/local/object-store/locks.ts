type Mode = "shared" | "exclusive";
type Lock = { holders: number; exclusive: boolean; readonly waiting: Waiter[] };
type Waiter = { readonly mode: Mode; readonly start: () => void };

/**
 * Named locks, first come first served. A single process owns the data directory, so these are all
 * that makes "look, then write" atomic. To stay free of deadlock every caller takes them in the
 * order bucket, upload, key.
 */
export type Locks = {
  shared<T>(name: string, work: () => Promise<T>): Promise<T>;
  exclusive<T>(name: string, work: () => Promise<T>): Promise<T>;
};

export function createLocks(): Locks {
  const locks = new Map<string, Lock>();
  const acquire = (name: string, mode: Mode): Promise<void> => {
    const lock = locks.get(name) ?? { holders: 0, exclusive: false, waiting: [] };
    locks.set(name, lock);
    return new Promise((resolve) => {
      lock.waiting.push({ mode, start: resolve });
      admit(lock);
    });
  };
  const release = (name: string) => {
    const lock = locks.get(name);
    if (lock === undefined) return;
    lock.holders -= 1;
    lock.exclusive = false;
    admit(lock);
    if (lock.holders === 0 && lock.waiting.length === 0) locks.delete(name);
  };
  const run = async <T>(name: string, mode: Mode, work: () => Promise<T>): Promise<T> => {
    await acquire(name, mode);
    try {
      return await work();
    } finally {
      release(name);
    }
  };
  return {
    shared: (name, work) => run(name, "shared", work),
    exclusive: (name, work) => run(name, "exclusive", work),
  };
}

function admit(lock: Lock): void {
  for (;;) {
    const next = lock.waiting[0];
    if (next === undefined || lock.exclusive) return;
    if (next.mode === "exclusive" && lock.holders > 0) return;
    lock.waiting.shift();
    lock.holders += 1;
    lock.exclusive = next.mode === "exclusive";
    next.start();
  }
}
