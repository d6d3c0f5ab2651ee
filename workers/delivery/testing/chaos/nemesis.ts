import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "@/workers/tablestore/testing/fuzz/random";
import type { HttpJudge, HttpProxy } from "../proxy/http-proxy";
import { s3Answer, tablestoreAnswer } from "../proxy/provider-answers";
import type { Child } from "./child";
import { type Flaw, forgettingStore } from "./flaws";
import { type Installation, leaseMs, type Part } from "./installation";
import { storeFaults, tableFaults } from "./random-faults";

export type Nemesis = {
  /** How often each thing was done, by its name. */
  readonly done: ReadonlyMap<string, number>;
  /** Starts the workers; resolves when it has begun to do its worst, which goes on until `stop`. */
  run(): Promise<void>;
  /** Undoes everything that it did: all runs, nothing fails. Throws what went wrong in here. */
  stop(): Promise<void>;
};

/** As often as its weight, beside the others. */
type Deed = { readonly name: string; readonly weight: number; readonly act: () => Promise<void> };

const pauseMaxMs = 800;
const awayMaxMs = 2_500;
/**
 * How long a worker is left alone after it was killed or paused, in times of its own start: some get to
 * deliver and some do not, on a fast machine as on one that is busy with other things.
 */
const startsPerLifeMax = 4;

/** Breaks an installation at random; everything it breaks it mends, sooner or later. */
export function createNemesis(
  installation: Installation,
  tables: readonly string[],
  random: Random,
  flaws: readonly Flaw[] = [],
): Nemesis {
  const done = new Map<string, number>();
  const under = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const stopped = new AbortController();
  const busy = new Set<unknown>();
  const { workers, proxies } = installation;
  const store = storeFaults(random);
  const usual = {
    objects: flaws.includes("forgetful-store") ? forgettingStore(random, store) : store,
    tables: tableFaults(random),
  };

  const pause = (ms: number) => sleep(ms, undefined, { signal: stopped.signal }).catch(() => {});
  const away = () => pause(200 + random.below(awayMaxMs));
  const safeUntilMs = new Map<unknown, number>();
  const startMs = new Map<unknown, number>();
  const start = async (worker: Child) => {
    const begunMs = performance.now();
    worker.start();
    await worker.waitForFirstLine();
    startMs.set(worker, performance.now() - begunMs);
  };
  const freeWorkers = () =>
    workers.filter(
      (worker) => !busy.has(worker) && performance.now() >= (safeUntilMs.get(worker) ?? 0),
    );

  /** One thing at a time to one victim; another is left alone meanwhile. */
  const having = (victim: unknown, act: () => Promise<void>) => async () => {
    if (busy.has(victim)) return false;
    busy.add(victim);
    await act().finally(() => busy.delete(victim));
    return true;
  };
  const toAWorker =
    (act: (worker: Installation["workers"][number]) => Promise<void>) => async () => {
      const free = freeWorkers();
      if (free.length === 0) return false;
      const worker = random.pick(free);
      return having(worker, async () => {
        await act(worker);
        const life = startsPerLifeMax * random.next() * (startMs.get(worker) ?? 0);
        safeUntilMs.set(worker, performance.now() + life);
      })();
    };
  const killPart = (part: Part) =>
    having(part, async () => {
      await part.kill();
      await away();
      await part.start();
    });
  const failWith = (proxy: HttpProxy, judge: HttpJudge, after: HttpJudge) =>
    having(proxy, async () => {
      proxy.judge(judge);
      await away();
      proxy.judge(after);
    });
  const refuse = (proxy: { refuse(): Promise<void>; accept(): Promise<void> }) =>
    having(proxy, async () => {
      await proxy.refuse();
      await away();
      await proxy.accept();
    });

  const deeds: readonly (Omit<Deed, "act"> & { readonly act: () => Promise<boolean> })[] = [
    {
      name: "worker SIGKILL",
      weight: 40,
      act: toAWorker(async (worker) => {
        await worker.end("SIGKILL");
        await pause(random.below(500));
        await start(worker);
      }),
    },
    {
      name: "worker SIGSTOP, longer than its lease",
      weight: 20,
      act: toAWorker(async (worker) => {
        worker.signal("SIGSTOP");
        await pause(leaseMs * (1.2 + 1.5 * random.next()));
        worker.signal("SIGCONT");
      }),
    },
    {
      name: "worker SIGTERM",
      weight: 4,
      act: toAWorker(async (worker) => {
        await worker.end("SIGTERM");
        await start(worker);
      }),
    },
    { name: "console SIGKILL", weight: 6, act: killPart(installation.console) },
    { name: "object store SIGKILL", weight: 2, act: killPart(installation.objectStore) },
    { name: "table store SIGKILL", weight: 2, act: killPart(installation.tableStore) },
    { name: "PostgreSQL SIGKILL", weight: 1, act: killPart(installation.postgres) },
    {
      name: "PostgreSQL connections cut",
      weight: 4,
      act: having({}, async () => proxies.postgres.cut()),
    },
    {
      name: "PostgreSQL silent",
      weight: 1,
      act: having(proxies.postgres, async () => {
        proxies.postgres.stall();
        await away();
        proxies.postgres.flow();
      }),
    },
    { name: "PostgreSQL away", weight: 1, act: refuse(proxies.postgres) },
    {
      name: "decide's answer lost",
      weight: 8,
      act: having("decide", () => proxies.postgres.loseAnswerTo("WITH moved AS", stopped.signal)),
    },
    { name: "store away", weight: 1, act: refuse(proxies.objects) },
    {
      name: "store full",
      weight: 1,
      act: failWith(proxies.objects, () => s3Answer(507, "InsufficientStorage"), usual.objects),
    },
    {
      name: "store key revoked",
      weight: 1,
      act: failWith(proxies.objects, () => s3Answer(403, "InvalidAccessKeyId"), usual.objects),
    },
    {
      name: "bucket gone",
      weight: 1,
      act: failWith(proxies.objects, () => s3Answer(404, "NoSuchBucket"), usual.objects),
    },
    {
      name: "channel split",
      weight: 1,
      act: async () => {
        const tableName = random.pick(tables);
        // Refused while the table store is away: then nothing is split.
        const split = installation.tablestore.call("SplitChannel", { tableName });
        return split.then(
          () => true,
          () => false,
        );
      },
    },
    { name: "source away", weight: 1, act: refuse(proxies.tables) },
    {
      name: "source throttled",
      weight: 1,
      act: failWith(proxies.tables, () => tablestoreAnswer(503, "OTSServerBusy"), usual.tables),
    },
    {
      name: "source key revoked",
      weight: 1,
      act: failWith(proxies.tables, () => tablestoreAnswer(403, "OTSAuthFailed"), usual.tables),
    },
  ];
  const wheel = deeds.flatMap((deed) => Array<typeof deed>(deed.weight).fill(deed));

  async function loop(): Promise<void> {
    while (!stopped.signal.aborted) {
      const { name, act } = random.pick(wheel);
      const acting: Promise<void> = act()
        .then((happened) => {
          if (happened) done.set(name, (done.get(name) ?? 0) + 1);
        })
        .catch((thrown) => void failures.push(thrown))
        .finally(() => under.delete(acting));
      under.add(acting);
      await pause(100 + random.below(pauseMaxMs));
    }
  }
  let running: Promise<void> = Promise.resolve();
  return {
    done,
    async run() {
      await Promise.all(workers.map(start));
      proxies.objects.judge(usual.objects);
      proxies.tables.judge(usual.tables);
      running = loop();
    },
    async stop() {
      stopped.abort();
      await running;
      for (const proxy of [proxies.objects, proxies.tables]) proxy.judge(null);
      await Promise.all(under);
      // A deed that had begun gave its proxy the usual faults back.
      for (const proxy of [proxies.objects, proxies.tables]) proxy.judge(null);
      if (failures.length > 0) throw new AggregateError(failures, "The nemesis itself failed");
    },
  };
}
