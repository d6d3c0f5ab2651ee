import { randomUUID } from "node:crypto";
import type { Clock } from "@/lib/platform/clock";
import type { Log } from "@/lib/platform/log";
import { type OperationHandler, startHttpServer } from "./http-server";
import { startMaintenance } from "./maintenance";
import type { TablestoreSelf } from "./operations/delivery-tasks";
import { openService } from "./service";
import { defaultBaseChannelLimits } from "./tunnels/create-tunnel";
import { defaultPageLimits } from "./tunnels/read-records";

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
  /** A request signed longer ago, or ahead, is refused, so that a recorded one cannot be sent again later. Null: any age. */
  readonly clockSkewMaxMs?: number | null;
  /** The Delivery API; without it those operations are not supported. */
  readonly deliveryTasks?: (self: TablestoreSelf) => Record<string, OperationHandler>;
};

export type Tablestore = {
  readonly port: number;
  /** Stops accepting, finishes what was begun, and closes the database. */
  close(): Promise<void>;
};

/** Below the time in which any official SDK gives a request up; a thousand idle channels ask 200 times a second. */
const longPollMsDefault = 5_000;
/** As the real service (reference: tablestore-wire-protocol.md 1.3). */
const clockSkewDefaultMs = 15 * 60_000;
const channelsPerTableDefault = 2;

/** The table store as one object, so that tests run it in their own process. */
export async function startTablestore(settings: TablestoreSettings): Promise<Tablestore> {
  const { clock, log, instance, host = "127.0.0.1" } = settings;
  const { store, registry, operations } = await openService({
    instance,
    directory: settings.directory,
    channelsPerTable: settings.channelsPerTable ?? channelsPerTableDefault,
    longPollMs: settings.longPollMs ?? longPollMsDefault,
    pageLimits: defaultPageLimits,
    baseChannels: defaultBaseChannelLimits,
    clock,
    log,
    newId: randomUUID,
    onBroken: settings.onBroken ?? (() => {}),
  });
  try {
    let port = settings.port;
    const self: TablestoreSelf = {
      address: () => ({ instance, host, port }),
      requireTable: (name) => store.loop.change(() => void store.catalogue.require(name)),
    };
    const server = await startHttpServer({
      host,
      port: settings.port,
      access: {
        instance,
        accessKeyId: settings.accessKeyId,
        accessKeySecret: settings.accessKeySecret,
        clockSkewMaxMs:
          settings.clockSkewMaxMs === undefined ? clockSkewDefaultMs : settings.clockSkewMaxMs,
      },
      operations: new Map([...operations, ...Object.entries(settings.deliveryTasks?.(self) ?? {})]),
      clock,
      log,
      newId: randomUUID,
    });
    port = server.port;
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
