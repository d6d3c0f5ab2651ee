import type { Clock } from "@/lib/platform/clock";
import type { Log } from "@/lib/platform/log";
import type { OperationHandler } from "./http-server";
import { rowReadOperations } from "./operations/row-reads";
import { rowWriteOperations } from "./operations/row-writes";
import { type TableDependents, tableOperations } from "./operations/tables";
import { tunnelOperations } from "./operations/tunnels";
import { openStore, type Store } from "./store/store";
import type { BaseChannelLimits } from "./tunnels/create-tunnel";
import type { PageLimits } from "./tunnels/read-records";
import { TunnelRegistry } from "./tunnels/tunnel-registry";

export type ServiceSettings = {
  readonly instance: string;
  /** Directory of the database. */
  readonly directory: string;
  /** Stream channels of a table whose stream is switched on. */
  readonly channelsPerTable: number;
  readonly baseChannels: BaseChannelLimits;
  /** How long an answer waits for records when a stream channel has none. */
  readonly longPollMs: number;
  readonly pageLimits: PageLimits;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  /** The disk refused a write: the process should end. */
  readonly onBroken: (error: unknown) => void;
};

/** The open database with every operation on it, by path, without the network. */
export type Service = {
  readonly store: Store;
  readonly registry: TunnelRegistry;
  readonly operations: ReadonlyMap<string, OperationHandler>;
};

/** The caller closes the store. */
export async function openService(settings: ServiceSettings): Promise<Service> {
  const { clock, instance, longPollMs, pageLimits, baseChannels, newId } = settings;
  const store = await openStore(settings);
  const registry = new TunnelRegistry(store.catalogue, store.garbage);
  await registry.open(store.db, clock.monotonic());
  const dropTunnels: TableDependents["dropTunnels"] = (commit, table) =>
    registry.removeOfTable(commit, table);
  const operations = new Map<string, OperationHandler>(
    Object.entries({
      ...tableOperations(store, { dropTunnels }),
      ...rowWriteOperations(store),
      ...rowReadOperations(store),
      ...tunnelOperations({
        store,
        registry,
        reader: { store, registry, clock, longPollMs, pageLimits },
        instance,
        newId,
        baseChannels,
        monotonicMs: clock.monotonic,
      }),
    }),
  );
  return { store, registry, operations };
}
