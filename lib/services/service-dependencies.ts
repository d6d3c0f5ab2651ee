import type { Database } from "@/lib/db/client";
import type { Log } from "@/lib/platform/log";
import type { Connections } from "./connections";

/** What the use cases need from outside; each names only its part of it. */
export type ServiceDependencies = {
  readonly database: Database;
  readonly connections: Connections;
  /** Seals sources' and destinations' secrets at rest; 32 bytes. */
  readonly secretKey: Buffer;
  /** Wall clock, epoch ms. */
  readonly now: () => number;
  readonly log: Log;
};
