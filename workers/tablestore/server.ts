import { randomUUID } from "node:crypto";
import type { Clock } from "@/lib/platform/clock";
import type { Log } from "@/lib/platform/log";
import type { OperationHandler } from "./http-server";
import { startHttpServer } from "./http-server";
import { rowReadOperations } from "./operations/row-reads";
import { rowWriteOperations } from "./operations/row-writes";
import { tableOperations } from "./operations/tables";
import { openStore } from "./store/store";

export type TablestoreSettings = {
  readonly host?: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly instance: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Directory of the database. */
  readonly directory: string;
  readonly channelsPerTable?: number;
  readonly clock: Clock;
  readonly log: Log;
  /** The disk refused a write: the process should end. */
  readonly onBroken?: (error: unknown) => void;
  /** How long an answer waits for records when a stream channel has none. */
  readonly longPollMs?: number;
};

export type Tablestore = {
  readonly port: number;
  /** Stops accepting, finishes what was begun, and closes the database. */
  close(): Promise<void>;
};

/** The table store as one object, so that tests run it in their own process. */
export async function startTablestore(settings: TablestoreSettings): Promise<Tablestore> {
  const { clock, log } = settings;
  const store = await openStore({
    directory: settings.directory,
    clock,
    log,
    newId: randomUUID,
    channelsPerTable: settings.channelsPerTable ?? 2,
    onBroken: settings.onBroken ?? (() => {}),
  });
  const operations = new Map<string, OperationHandler>(
    Object.entries({
      ...tableOperations(store, { dropTunnels: () => {} }),
      ...rowWriteOperations(store),
      ...rowReadOperations(store),
    }),
  );
  try {
    const server = await startHttpServer({
      host: settings.host ?? "127.0.0.1",
      port: settings.port,
      access: {
        instance: settings.instance,
        accessKeyId: settings.accessKeyId,
        accessKeySecret: settings.accessKeySecret,
        clockSkewMaxMs: null,
      },
      operations,
      clock,
      log,
      newId: randomUUID,
    });
    return {
      port: server.port,
      close: async () => {
        await server.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
