import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import { type Clock, systemClock } from "@/lib/platform/clock";
import { startTablestore, type Tablestore, type TablestoreSettings } from "../server";

export const testAccess = {
  instance: "test",
  accessKeyId: "test-access-key",
  accessKeySecret: "test-access-secret",
} as const;

export type TestServer = {
  readonly port: number;
  readonly directory: string;
  /** Closes the server and opens the same database again. */
  restart(): Promise<void>;
  close(): Promise<void>;
};

/** A server on a port of the system's choice with a database of its own. */
export async function startTestServer(
  options: {
    clock?: Clock;
    longPollMs?: number;
    deliveryTasks?: NonNullable<TablestoreSettings["deliveryTasks"]>;
  } = {},
): Promise<TestServer> {
  const directory = await mkdtemp(path.join(tmpdir(), "culvert-tablestore-"));
  const start = (): Promise<Tablestore> =>
    startTablestore({
      ...testAccess,
      port: 0,
      directory,
      clock: systemClock,
      log: pino({ level: "silent" }),
      onBroken: (error) => {
        throw error;
      },
      // A test that sets the clock signs by another one.
      ...(options.clock ? { clockSkewMaxMs: null } : {}),
      ...options,
    });
  let server = await start();
  return {
    get port() {
      return server.port;
    },
    directory,
    restart: async () => {
      await server.close();
      server = await start();
    },
    close: async () => {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
