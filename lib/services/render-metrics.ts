import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { Database } from "@/lib/db/client";
import { sumInstallation } from "@/lib/db/installation-totals";
import { countTasks } from "@/lib/db/tasks";
import { countLiveWorkers } from "@/lib/db/workers";

export const metricsContentType = Registry.PROMETHEUS_CONTENT_TYPE;

type Reading = { readonly name: string; readonly help: string; readonly value: number };

/**
 * Prometheus text: three queries per scrape, whatever the number of objects. All are gauges, because
 * the sums of a deleted task go with it. Holds no names and no secrets, so it needs no key; like the
 * console itself it is bound to the loopback address unless told otherwise.
 */
export async function renderMetrics(database: Database): Promise<string> {
  const [tasks, totals, workers] = await Promise.all([
    countTasks(database),
    sumInstallation(database),
    countLiveWorkers(database),
  ]);
  const registry = new Registry();
  const { total: _, ...byState } = tasks;
  const gauge = new Gauge({
    name: "culvert_tasks",
    help: "Tasks by what is wanted of them and what became of them; a task can count twice",
    labelNames: ["state"],
    registers: [registry],
  });
  for (const [state, count] of Object.entries(byState)) gauge.set({ state }, count);
  const readings: Reading[] = [
    { name: "culvert_delivery_workers", help: "Delivery workers alive", value: workers },
    { name: "culvert_records", help: "Records consumed", value: totals.records },
    { name: "culvert_rows", help: "Rows delivered or decided", value: totals.rows },
    { name: "culvert_deletes_ignored", help: "Delete records", value: totals.deletesIgnored },
    { name: "culvert_dirty_records", help: "Unreadable records", value: totals.dirtyRecords },
    { name: "culvert_dirty_values", help: "Values left out of rows", value: totals.dirtyValues },
    { name: "culvert_objects", help: "Objects of rows", value: totals.objects },
    { name: "culvert_object_bytes", help: "Bytes of those objects", value: totals.bytes },
    { name: "culvert_channels", help: "Channels of all tasks", value: totals.channels },
    { name: "culvert_channels_finished", help: "Of them done", value: totals.channelsFinished },
    {
      name: "culvert_lag_seconds",
      help: "Age of the running stream channel that is furthest behind",
      value: totals.lagSeconds,
    },
  ];
  for (const { name, help, value } of readings) {
    new Gauge({ name, help, registers: [registry] }).set(value);
  }
  return `${await registry.metrics()}${await processMetrics().metrics()}`;
}

let ofProcess: Registry | null = null;

/** Memory, CPU and event loop of the console's process; its collectors run once. */
function processMetrics(): Registry {
  if (ofProcess) return ofProcess;
  ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess, prefix: "culvert_console_" });
  return ofProcess;
}
