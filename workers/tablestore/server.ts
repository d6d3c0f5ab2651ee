import { randomUUID } from "node:crypto";
import type { Clock } from "@/lib/platform/clock";
import type { Log } from "@/lib/platform/log";
import type { OperationHandler } from "./http-server";
import { startHttpServer } from "./http-server";
import { startMaintenance } from "./maintenance";
import { rowReadOperations } from "./operations/row-reads";
import { rowWriteOperations } from "./operations/row-writes";
import { type TableDependents, tableOperations } from "./operations/tables";
import { tunnelOperations } from "./operations/tunnels";
import { openStore, type Store } from "./store/store";
import { TunnelRegistry } from "./tunnels/tunnel-registry";

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

const longPollMsDefault = 1000;

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
  try {
    const registry = new TunnelRegistry(store.catalogue, store.garbage);
    await registry.open(store.db, clock.monotonic());
    const server = await startHttpServer({
      host: settings.host ?? "127.0.0.1",
      port: settings.port,
      access: {
        instance: settings.instance,
        accessKeyId: settings.accessKeyId,
        accessKeySecret: settings.accessKeySecret,
        clockSkewMaxMs: null,
      },
      operations: operationsOf(settings, store, registry),
      clock,
      log,
      newId: randomUUID,
    });
    const maintenance = startMaintenance({ store, registry, clock, log });
    return {
      port: server.port,
      close: async () => {
        await server.close();
        await maintenance.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function operationsOf(
  { instance, clock, longPollMs = longPollMsDefault }: TablestoreSettings,
  store: Store,
  registry: TunnelRegistry,
): ReadonlyMap<string, OperationHandler> {
  const dropTunnels: TableDependents["dropTunnels"] = (commit, table) =>
    registry.removeOfTable(commit, table);
  return new Map(
    Object.entries({
      ...tableOperations(store, { dropTunnels }),
      ...rowWriteOperations(store),
      ...rowReadOperations(store),
      ...tunnelOperations({
        store,
        registry,
        reader: { store, registry, clock, longPollMs },
        instance,
        newId: randomUUID,
        monotonicMs: clock.monotonic,
      }),
    }),
  );
}
