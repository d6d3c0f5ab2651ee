import { randomUUID } from "node:crypto";
import { parseFields } from "@/lib/contracts/field-problems";
import { settingsOf, taskBodySchema, taskBodyShape } from "@/lib/contracts/task-body";
import { checkTaskAgainstDatasets } from "@/lib/core/dataset-folder";
import { defaultDirtyPrefix } from "@/lib/core/dirty-prefix";
import { AppError, invariant } from "@/lib/core/error";
import { InvalidInputError } from "@/lib/core/invalid-input";
import type { TableSource } from "@/lib/core/ports/table-source";
import { readPrefixTemplate } from "@/lib/core/prefix-template";
import type { Problem } from "@/lib/core/problem";
import type { SchemaMapping } from "@/lib/core/schema-mapping";
import type { TaskSettings } from "@/lib/core/task";
import { listDatasetFolders } from "@/lib/db/dataset-writers";
import { getDatasetByName } from "@/lib/db/datasets";
import { listTaskFolders } from "@/lib/db/task-folders";
import {
  getTaskById,
  getTaskByName,
  createTask as insertTask,
  type StoredTask,
} from "@/lib/db/tasks";
import { checkFoldersApart } from "./check-folders";
import { withSource, withStore } from "./connections";
import { findDestination, findSource } from "./find-stored";
import { inspectTask, type TaskDraft, throwProblems } from "./inspect-task";
import { foldersOf } from "./probe-destination";
import { lookAt, type RemoteLook, remoteProblem } from "./remote-problem";
import type { ServiceDependencies } from "./service-dependencies";

type Needs = Pick<ServiceDependencies, "database" | "connections" | "log">;

/**
 * Creates a task whose tunnel stands at its start position before this returns: what is written to
 * the table from then on is delivered. Throws `InvalidInputError` with every problem at once
 * (`task.name_taken` when a taken name is all there is); nothing is left behind then.
 */
export async function createTask(needs: Needs, input: unknown): Promise<StoredTask> {
  const { fields: draft, problems: shapeProblems } = parseFields(taskBodyShape, input);
  const [inspection, nameTaken, destination] = await Promise.all([
    inspectTask(needs, draft),
    checkNameFree(needs, draft.name),
    checkDestination(needs, draft),
  ]);
  const failed = [nameTaken, destination.look].filter((look) => look?.kind === "failed");
  throwProblems(
    [
      ...shapeProblems,
      ...inspection.problems,
      ...destination.problems,
      ...failed.map(({ problem }) => problem),
    ],
    [inspection.failure, ...failed.map(({ error }) => error)],
  );
  invariant(inspection.schema, "A body without problems has a mapping");
  const body = taskBodySchema.parse(draft);
  return makeTask(needs, settingsOf(body), inspection.schema, body.thresholds.lateAfterSeconds);
}

/**
 * The tunnel first, named by the task's id, then the row that makes the task: a task that people can
 * see always has its tunnel. When the row cannot be written the tunnel goes again.
 */
async function makeTask(
  needs: Needs,
  settings: TaskSettings,
  schema: SchemaMapping,
  lateAfterSeconds: number,
): Promise<StoredTask> {
  const id = randomUUID();
  const tunnel = { table: settings.table, name: tunnelNameOf(id) };
  const source = await findSource(needs.database, settings.sourceId);
  return withSource(needs.connections, source, async (tables) => {
    const tunnelId = await tables
      .createTunnel({ ...tunnel, mode: settings.mode })
      .catch((thrown: unknown) => {
        throw blameTable(thrown);
      });
    try {
      return await insertTask(needs.database, {
        id,
        settings,
        tunnelName: tunnel.name,
        tunnelId,
        schema,
        lateAfterSeconds,
        streamExpirationHours: await keepingHours(tables, settings),
      });
    } catch (thrown) {
      const stored = await findAfterFailure(needs, id, thrown);
      if (stored) return stored;
      needs.log.warn({ task: settings.name, tunnel: tunnel.name }, "task not made; tunnel removed");
      await tables.deleteTunnel(tunnel).catch((failure: unknown) => {
        needs.log.warn({ tunnel: tunnel.name, err: failure }, "tunnel left at the source");
      });
      throw thrown;
    }
  });
}

/** Asked after the tunnel is made, because that switches the stream on. */
async function keepingHours(
  source: TableSource,
  { mode, table }: TaskSettings,
): Promise<number | null> {
  return mode === "full" ? null : (await source.describeTable(table)).streamExpirationHours;
}

/** Named by the task and so unlike any other's, whoever else uses the table. */
export function tunnelNameOf(taskId: string): string {
  return `culvert_${taskId.replaceAll("-", "")}`;
}

/**
 * When the connection broke at the commit, only the database knows whether the task is made. While it
 * does not answer, the failure is thrown and the tunnel stays: a task without one would be worse.
 */
async function findAfterFailure(
  needs: Needs,
  id: string,
  thrown: unknown,
): Promise<StoredTask | null> {
  if (!(thrown instanceof AppError) || thrown.code !== "internal.database_unavailable") return null;
  return getTaskById(needs.database, id);
}

function blameTable(thrown: unknown): unknown {
  if (!(thrown instanceof AppError) || !thrown.code.startsWith("source.")) return thrown;
  const { code, details } = thrown;
  return new InvalidInputError([remoteProblem("table", thrown)], { code, details, cause: thrown });
}

async function checkNameFree(
  needs: Needs,
  name: string | undefined,
): Promise<RemoteLook<null> | null> {
  if (name === undefined) return null;
  // What the task delivers is a dataset of its name.
  const taken =
    (await getTaskByName(needs.database, name)) ?? (await getDatasetByName(needs.database, name));
  if (taken === null) return null;
  const error = new AppError("task.name_taken", "The name is taken", { details: { name } });
  return { kind: "failed", error, problem: remoteProblem("name", error) };
}

/** Whether delivery could begin: the bucket is there and the key may write under the task's folders. */
async function checkDestination(needs: Needs, draft: TaskDraft): Promise<DestinationLook> {
  const { destinationId, name, prefix } = draft;
  if (destinationId === undefined) return { look: null, problems: [] };
  const usual = name === undefined ? null : defaultDirtyPrefix(name);
  const dirtyPrefix = draft.dirtyPrefix === undefined ? usual : draft.dirtyPrefix;
  const problems: Problem[] = [];
  const look = await lookAt("destinationId", async () => {
    const stored = await findDestination(needs.database, destinationId);
    const template = prefix === undefined ? null : readPrefixTemplate(prefix);
    const others = await listTaskFolders(needs.database, stored);
    problems.push(...checkFoldersApart({ template, dirtyPrefix }, others));
    const datasets = await listDatasetFolders(needs.database, stored);
    problems.push(...checkTaskAgainstDatasets({ template, dirtyPrefix }, datasets));
    const folders = prefix === undefined ? [""] : foldersOf({ prefix, dirtyPrefix });
    return withStore(needs.connections, stored, async (store) => {
      for (const folder of folders) await store.checkBucket(folder);
      return null;
    });
  });
  return { look, problems };
}

type DestinationLook = {
  readonly look: RemoteLook<null> | null;
  readonly problems: readonly Problem[];
};
