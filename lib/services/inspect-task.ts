import type { ParsedTaskBody } from "@/lib/contracts/task-body";
import { checkDirtyPrefix } from "@/lib/core/dirty-prefix";
import type { AppError } from "@/lib/core/error";
import { InvalidInputError } from "@/lib/core/invalid-input";
import { type PrefixTemplate, parsePrefixTemplate } from "@/lib/core/prefix-template";
import type { Problem } from "@/lib/core/problem";
import { generateAutoSchema } from "@/lib/core/schema-auto";
import { checkSchema } from "@/lib/core/schema-check";
import type { SchemaMapping } from "@/lib/core/schema-mapping";
import { checkTaskName } from "@/lib/core/task-name";
import { createEventTimeParser, isTimeZone } from "@/lib/platform/time-zone";
import { type ObservedTable, observeTable } from "./browse-tables";
import { checkEventTime } from "./check-event-time";
import { lookAt } from "./remote-problem";
import type { ServiceDependencies } from "./service-dependencies";

type Needs = Pick<ServiceDependencies, "database" | "connections">;

/** The fields of a task body that are right by shape; the others have their problems already. */
export type TaskDraft = { [K in keyof ParsedTaskBody]?: ParsedTaskBody[K] | undefined };

export type TaskInspection = {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** What a source said instead of an answer; its problem is among `problems`. */
  readonly failure: AppError | null;
  readonly template: PrefixTemplate | null;
  /** Null while the table is unknown. */
  readonly observed: ObservedTable | null;
  /** Version 1 of the mapping; null while it cannot be known. */
  readonly schema: SchemaMapping | null;
};

/**
 * Checks all that can be checked of a draft, against itself and against its table, so that a person
 * reads every problem in one answer. What a field lacks is not checked again here.
 */
export async function inspectTask(needs: Needs, draft: TaskDraft): Promise<TaskInspection> {
  const { sourceId, table } = draft;
  const parsed = draft.prefix === undefined ? null : parsePrefixTemplate(draft.prefix);
  const template = parsed?.kind === "template" ? parsed.template : null;
  const problems: Problem[] = [
    ...(draft.name === undefined ? [] : checkTaskName(draft.name)),
    ...(parsed?.kind === "problems" ? parsed.problems : []),
    ...checkTimeZone(draft.timeZone),
    ...(draft.dirtyPrefix ? checkDirtyPrefix(draft.dirtyPrefix, template) : []),
  ];
  const look =
    sourceId === undefined || table === undefined
      ? null
      : await lookAt("table", () => observeTable(needs, sourceId, table));
  const observed = look?.kind === "found" ? look.value : null;
  const failure = look?.kind === "failed" ? look.error : null;
  // A missing row of ours, or an address that does not answer, is the source's trouble and no table's.
  if (look?.kind === "failed") {
    const field = isAboutTable(look.error) ? "table" : "sourceId";
    problems.push({ ...look.problem, field });
  }
  const schema = schemaOf(draft, observed);
  const verdicts = checkAgainstTable(draft, template, observed, schema);
  return {
    problems: [...problems, ...verdicts.problems],
    warnings: verdicts.warnings,
    failure,
    template,
    observed,
    schema,
  };
}

const isAboutTable = (error: AppError): boolean =>
  error.code === "source.table_missing" || error.code === "source.permission_denied";

function checkTimeZone(timeZone: string | undefined): Problem[] {
  if (timeZone === undefined || isTimeZone(timeZone)) return [];
  const message = `${timeZone} is not a time zone of the IANA database, such as UTC or Europe/Berlin.`;
  return [{ field: "timeZone", message }];
}

/** Version 1. An auto mapping needs the table; a manual one stands by itself. */
function schemaOf(draft: TaskDraft, observed: ObservedTable | null): SchemaMapping | null {
  const metadataColumns = draft.metadataColumns ?? [];
  if (draft.schema?.kind === "manual") {
    return { kind: "manual", version: 1, columns: draft.schema.columns, metadataColumns };
  }
  if (draft.schema === undefined || observed === null) return null;
  return generateAutoSchema(observed.description, observed.rows, metadataColumns);
}

function checkAgainstTable(
  draft: TaskDraft,
  template: PrefixTemplate | null,
  observed: ObservedTable | null,
  schema: SchemaMapping | null,
): { problems: Problem[]; warnings: Problem[] } {
  const table = observed?.description ?? null;
  const samples = observed?.rows ?? [];
  const { kind = "auto", columns = [] } = schema ?? {};
  const ofSchema = schema ? checkSchema({ kind, columns, template, table, samples }) : null;
  const ofTime =
    draft.eventTime && table
      ? checkEventTime(
          draft.eventTime,
          createEventTimeParser(draft.eventTime.format),
          table,
          samples,
        )
      : null;
  return {
    problems: [...(ofSchema?.problems ?? []), ...(ofTime?.problems ?? [])],
    warnings: [...(ofSchema?.warnings ?? []), ...(ofTime?.warnings ?? [])],
  };
}

/**
 * Throws unless there is nothing to say. Where one failure of the world is all there is, the answer
 * carries that failure's own code, so that programs see `destination.bucket_missing` and not "invalid".
 */
export function throwProblems(
  problems: readonly Problem[],
  failures: readonly (AppError | null)[],
): void {
  if (problems.length === 0) return;
  const [failure, ...others] = failures.filter((error) => error !== null);
  if (failure && others.length === 0 && problems.length === 1) {
    const { code, details } = failure;
    throw new InvalidInputError(problems, { code: fieldCode(code), details, cause: failure });
  }
  throw new InvalidInputError(problems);
}

/** A source or destination that a body names and nobody has is bad input and no missing address. */
function fieldCode(code: AppError["code"]): AppError["code"] {
  return code === "resource.not_found" ? "request.invalid" : code;
}
