import { ClassicLevel } from "classic-level";
import type { Clock } from "@/lib/platform/clock";
import type { Log } from "@/lib/platform/log";
import { Catalogue } from "./catalogue";
import { CommitClock } from "./commit-clock";
import { CommitLoop } from "./commit-loop";
import { Garbage } from "./garbage";
import { clockKey } from "./key-encoding";
import { RowExpiry } from "./row-expiry";

export type StoreOptions = {
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes ids of streams and channels that were never used before. */
  readonly newId: () => string;
  /** Stream channels of a table whose stream is switched on. */
  readonly channelsPerTable: number;
  /** The disk refused a write; nothing will be written again. */
  readonly onBroken: (error: unknown) => void;
};

/** The open database and what knows how to change it. */
export type Store = {
  readonly db: ClassicLevel<Buffer, Buffer>;
  readonly clock: CommitClock;
  readonly loop: CommitLoop;
  readonly garbage: Garbage;
  readonly catalogue: Catalogue;
  readonly rowExpiry: RowExpiry;
  close(): Promise<void>;
};

const mebibyte = 1024 * 1024;

export async function openStore(options: StoreOptions): Promise<Store> {
  const { clock: wallClock, log, newId, channelsPerTable, onBroken } = options;
  const db = new ClassicLevel<Buffer, Buffer>(options.directory, {
    keyEncoding: "buffer",
    valueEncoding: "buffer",
    // A larger memory table means fewer and larger files to merge under constant writing.
    writeBufferSize: 32 * mebibyte,
    maxFileSize: 8 * mebibyte,
    cacheSize: 64 * mebibyte,
  });
  await db.open();
  const clock = new CommitClock(wallClock, await db.get(clockKey));
  const loop = new CommitLoop({ db, clock, log, onBroken });
  const garbage = new Garbage(db, loop, log);
  const catalogue = new Catalogue({ garbage, newId, channelsPerTable });
  await catalogue.open(db);
  garbage.sweep();
  return {
    db,
    clock,
    loop,
    garbage,
    catalogue,
    rowExpiry: new RowExpiry(db, loop, catalogue),
    close: async () => {
      await garbage.close();
      await loop.close();
      await db.close();
    },
  };
}
