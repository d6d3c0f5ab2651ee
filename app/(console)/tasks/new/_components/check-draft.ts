import { checkDirtyPrefix } from "@/lib/core/dirty-prefix";
import { rowObjectKey, rowObjectStem } from "@/lib/core/object-key";
import { adviseOnPrefix } from "@/lib/core/prefix-advice";
import { parsePrefixTemplate, renderPartition } from "@/lib/core/prefix-template";
import type { Problem } from "@/lib/core/problem";
import { checkTaskName } from "@/lib/core/task-name";
import { browserZoneClock } from "./browser-zone-clock";
import type { TaskDraft } from "./task-draft";

/** What can be said of what was typed without asking anyone; fields that are still empty say nothing. */
export function checkDraft(draft: TaskDraft): Problem[] {
  const prefix = draft.prefix.trim();
  const dirtyPrefix = draft.dirtyPrefix.trim();
  const parsed = parsePrefixTemplate(prefix);
  const template = parsed.kind === "template" ? parsed.template : null;
  return [
    ...(draft.name === "" ? [] : checkTaskName(draft.name.trim())),
    ...(prefix !== "" && parsed.kind === "problems" ? parsed.problems : []),
    ...(draft.keepDirty && dirtyPrefix !== "" ? checkDirtyPrefix(dirtyPrefix, template) : []),
    ...checkZone(draft),
  ];
}

function checkZone({ timeZone }: TaskDraft): Problem[] {
  const name = timeZone.trim();
  if (name === "" || browserZoneClock(name) !== null) return [];
  return [{ field: "timeZone", message: `${name} is not a time zone, such as Europe/Berlin.` }];
}

/** What is legal but unwise in the prefix. */
export function adviseOnDraft(draft: TaskDraft): Problem[] {
  const parsed = parsePrefixTemplate(draft.prefix.trim());
  if (parsed.kind === "problems") return [];
  const flushSeconds = Number(draft.flushSeconds);
  return adviseOnPrefix(parsed.template, { bytesPerSecond: null, flushSeconds, lanes: 1 });
}

/** The first object of a row written at `nowMs`; a name that is still missing is `<task>`. Null without a legal prefix. */
export function exampleKey(draft: TaskDraft, nowMs: number): string | null {
  const parsed = parsePrefixTemplate(draft.prefix.trim());
  const clock = browserZoneClock(draft.timeZone.trim());
  if (parsed.kind === "problems" || clock === null) return null;
  const partition = renderPartition(parsed.template, clock(nowMs));
  const stem = rowObjectStem(draft.name.trim() || "<task>", 0, partition);
  return rowObjectKey(stem, 1, draft.objectSuffix);
}
