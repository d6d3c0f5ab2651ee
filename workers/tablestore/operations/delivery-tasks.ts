import type { SourceView } from "@/lib/contracts/source-body";
import type { TaskView } from "@/lib/contracts/task-view";
import { AppError, invariant } from "@/lib/core/error";
import { describeError } from "@/lib/core/error-codes";
import { InvalidInputError } from "@/lib/core/invalid-input";
import type { Problem } from "@/lib/core/problem";
import { createTask } from "@/lib/services/create-task";
import { deleteTask } from "@/lib/services/delete-task";
import { listDestinations } from "@/lib/services/destinations";
import { getTask } from "@/lib/services/get-task";
import { listTasks } from "@/lib/services/list-tasks";
import { previewTask } from "@/lib/services/preview-task";
import type { ServiceDependencies } from "@/lib/services/service-dependencies";
import { listSources } from "@/lib/services/sources";
import { decodeMessage, encodeMessage } from "@/lib/tablestore/messages";
import type { OperationHandler } from "../http-server";
import { parameterInvalid, Refusal } from "../refusal";
import {
  chooseDestination,
  embeddedFirst,
  isOwnSource,
  type OwnAddress,
  readAllPages,
} from "./delivery-places";
import {
  type DraftFromWire,
  readTaskDraft,
  taskTypeOf,
  wireField,
  writeTaskDescription,
} from "./wire-delivery";

/** What the operations ask of the table store that they belong to. */
export type TablestoreSelf = {
  readonly address: () => OwnAddress;
  /** Throws the documented refusal when there is no such table. */
  readonly requireTable: (tableName: string) => Promise<void>;
};

type Services = Pick<ServiceDependencies, "database" | "connections" | "now" | "log">;
type Context = { readonly services: Services; readonly self: TablestoreSelf };

const nothing = new Uint8Array(0);
const messageCharactersMax = 4000;

/**
 * The Delivery API (reference: wire protocol 6) on the same tasks that the console shows: both go
 * through the same use cases. A table's tasks are those that read it through a source which points at
 * this table store.
 */
export function deliveryTaskOperations(
  services: Services,
  self: TablestoreSelf,
): Record<string, OperationHandler> {
  const context = { services, self };
  const operation =
    (run: (context: Context, body: Buffer) => Promise<Uint8Array>): OperationHandler =>
    (body) =>
      run(context, body).catch((thrown: unknown) => {
        throw asRefusal(thrown);
      });
  return {
    "/CreateDeliveryTask": operation(create),
    "/DescribeDeliveryTask": operation(describe),
    "/ListDeliveryTask": operation(list),
    "/DeleteDeliveryTask": operation(remove),
  };
}

async function create(context: Context, body: Buffer): Promise<Uint8Array> {
  const { services, self } = context;
  const request = decodeMessage("CreateDeliveryTaskRequest", body);
  await self.requireTable(request.tableName ?? "");
  const [source] = await ownSources(context);
  if (!source) {
    throw parameterInvalid(
      "No source of Culvert points at this table store; add it in the console.",
    );
  }
  const draft = readTaskDraft(request);
  const place = await findDestination(context, request);
  const input = { ...draft.body, sourceId: source.id, ...place.body };
  const problems = [...draft.problems, ...place.problems];
  if (problems.length > 0) throw invalid([...problems, ...(await otherProblems(context, input))]);
  await createTask(services, input);
  return nothing;
}

async function findDestination(
  { services }: Context,
  { taskConfig }: ReturnType<typeof decodeMessage<"CreateDeliveryTaskRequest">>,
): Promise<DraftFromWire> {
  const { ossBucket, ossEndpoint } = taskConfig ?? {};
  if (!ossBucket) return { body: {}, problems: [] };
  const all = await readAllPages((query) => listDestinations(services.database, query));
  const choice = chooseDestination(all, ossBucket, ossEndpoint);
  return "problem" in choice
    ? { body: {}, problems: [choice.problem] }
    : { body: { destinationId: choice.destination.id }, problems: [] };
}

/** What else is wrong with a draft that cannot become a task, so that all of it is read at once. */
async function otherProblems({ services }: Context, input: object): Promise<Problem[]> {
  try {
    await previewTask(services, input);
    return [];
  } catch (thrown) {
    if (thrown instanceof InvalidInputError) return inWireFields(thrown.problems);
    throw thrown;
  }
}

async function describe(context: Context, body: Buffer): Promise<Uint8Array> {
  const { tableName, taskName } = decodeMessage("DescribeDeliveryTaskRequest", body);
  const task = await requireTask(context, tableName, taskName);
  const { database } = context.services;
  const destinations = await readAllPages((query) => listDestinations(database, query));
  const destination = destinations.find(({ id }) => id === task.destinationId);
  invariant(destination, "A task's destination cannot be deleted before the task");
  return encodeMessage("DescribeDeliveryTaskResponse", writeTaskDescription(task, destination));
}

async function list(context: Context, body: Buffer): Promise<Uint8Array> {
  const { tableName = "" } = decodeMessage("ListDeliveryTaskRequest", body);
  const sources = tableName === "" ? [] : await ownSources(context);
  const found = await Promise.all(
    sources.map(({ id: sourceId }) =>
      readAllPages((query) =>
        listTasks(context.services, { ...query, sourceId, table: tableName }),
      ),
    ),
  );
  const tasks = found.flat().filter(stands);
  // A task outlives its table, and then people want to find it.
  if (tasks.length === 0) await context.self.requireTable(tableName);
  return encodeMessage("ListDeliveryTaskResponse", {
    tasks: tasks.map(({ table, name, mode }) => ({
      tableName: table,
      taskName: name,
      taskType: taskTypeOf(mode),
    })),
  });
}

async function remove(context: Context, body: Buffer): Promise<Uint8Array> {
  const { tableName, taskName } = decodeMessage("DeleteDeliveryTaskRequest", body);
  const task = await requireTask(context, tableName, taskName);
  await deleteTask(context.services, task.name);
  return nothing;
}

/** A deleted task is gone for clients, although a worker may still have to close what it holds. */
const stands = ({ desiredState }: Pick<TaskView, "desiredState">): boolean =>
  desiredState !== "deleted";

async function requireTask(
  context: Context,
  tableName: string | undefined,
  taskName: string | undefined,
): Promise<TaskView> {
  const [task, sources] = await Promise.all([
    getTask(context.services, taskName ?? ""),
    ownSources(context),
  ]);
  const isOwn = sources.some(({ id }) => id === task.sourceId) && task.table === tableName;
  if (!isOwn || !stands(task)) throw taskMissing();
  return task;
}

async function ownSources({ services, self }: Context): Promise<SourceView[]> {
  const all = await readAllPages((query) => listSources(services.database, query));
  return embeddedFirst(all.filter((source) => isOwnSource(source, self.address())));
}

function taskMissing(): Refusal {
  return new Refusal("OTSObjectNotExist", "Requested delivery task does not exist.");
}

function inWireFields(problems: readonly Problem[]): Problem[] {
  return problems.map(({ field, message }) => ({ field: wireField(field), message }));
}

function invalid(problems: readonly Problem[]): Refusal {
  const sentences = problems.map(({ field, message }) => `${field}: ${message}`);
  return parameterInvalid([...new Set(sentences)].join(" ").slice(0, messageCharactersMax));
}

/** The use cases' failures in the codes of the service; anything unknown stays what it is. */
function asRefusal(thrown: unknown): unknown {
  if (!(thrown instanceof AppError)) return thrown;
  const { cause, nextStep } = describeError(thrown.code, thrown.details);
  if (thrown.code === "task.not_found") return taskMissing();
  if (thrown.code === "task.name_taken") {
    return new Refusal("OTSObjectAlreadyExist", `Requested delivery task already exists. ${cause}`);
  }
  if (thrown.code === "task.initialising") {
    return new Refusal("OTSTableNotReady", `The delivery task is initialising. ${nextStep}`);
  }
  if (thrown.fault === "transient") return new Refusal("OTSServerUnavailable", cause);
  if (thrown instanceof InvalidInputError) return invalid(inWireFields(thrown.problems));
  return thrown.fault === "user" ? parameterInvalid(`${cause} ${nextStep}`) : thrown;
}
