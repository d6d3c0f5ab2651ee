import { randomUUID } from "node:crypto";
import path from "node:path";
import { pino } from "pino";
import type { LoadFacts } from "@/lib/core/merge-pause";
import type { MergeLedger } from "@/lib/core/ports/merge-ledger";
import { createMergeLedger } from "@/lib/db/merge-ledger";
import { systemClock } from "@/lib/platform/clock";
import type { ServiceDependencies } from "@/lib/services/service-dependencies";
import type { Adapters } from "@/workers/delivery/adapters";
import type { MergeEngine } from "@/workers/delivery/merge/merge-engine";
import { createMergeEvents, type MergeEvents } from "@/workers/delivery/merge/merge-events";
import { mergeFiles } from "@/workers/delivery/merge/merge-files";
import { Merger } from "@/workers/delivery/merge/merger";
import { Spool } from "@/workers/delivery/merge/spool";

/** Of a machine that has nothing else to do. */
export const idle: LoadFacts = { openBytes: 0, budgetBytes: 1, loadPerCore: 0 };

/** What the process of an engine does, without its start. */
const inProcess: MergeEngine = {
  merge: async (work) => ({ verdict: await mergeFiles(work), peakBytes: 0 }),
};

/** The part of a delivery worker that merges, with its ports for a test to bend. */
export function createMerger(
  { database, home }: Pick<ServiceDependencies, "database"> & { readonly home: string },
  adapters: Pick<Adapters, "destination">,
  bend: {
    readonly ledger?: (ledger: MergeLedger) => MergeLedger;
    readonly engine?: (engine: MergeEngine) => MergeEngine;
    readonly events?: Partial<MergeEvents>;
    readonly load?: () => LoadFacts;
  } = {},
): Merger {
  const { ledger = (real) => real, engine = (real) => real, load = () => idle } = bend;
  return new Merger({
    ...{ workerId: `merger-${randomUUID()}`, adapters, load, loadMax: 1.5, clock: systemClock },
    ledger: ledger(createMergeLedger(database)),
    engine: engine(inProcess),
    spool: new Spool(path.join(home, "tmp")),
    events: { ...createMergeEvents(pino({ level: "silent" })), ...bend.events },
    random: Math.random,
    newObjectId: randomUUID,
  });
}
