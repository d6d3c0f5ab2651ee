import { standsUnderPrefix } from "@/lib/core/dirty-prefix";
import { type PrefixTemplate, readPrefixTemplate } from "@/lib/core/prefix-template";
import type { Problem } from "@/lib/core/problem";
import type { TaskFolders } from "@/lib/db/task-folders";

/**
 * Nothing but delivered rows may ever stand under a task's prefix, so no task's dirty values may lie
 * under another's. Row folders may be shared: object names hold the task's name.
 */
export function checkFoldersApart(
  own: { readonly template: PrefixTemplate | null; readonly dirtyPrefix: string | null },
  others: readonly TaskFolders[],
): Problem[] {
  const problems: Problem[] = [];
  for (const other of others) {
    const template = readPrefixTemplate(other.prefix);
    if (template && own.dirtyPrefix !== null && standsUnderPrefix(template, own.dirtyPrefix)) {
      const message = `Dirty values cannot lie under ${other.prefix}, where the task ${other.name} delivers rows.`;
      problems.push({ field: "dirtyPrefix", message });
    }
    if (
      own.template &&
      other.dirtyPrefix !== null &&
      standsUnderPrefix(own.template, other.dirtyPrefix)
    ) {
      const message = `The dirty values of the task ${other.name} lie in ${other.dirtyPrefix}, which is under this prefix.`;
      problems.push({ field: "prefix", message });
    }
  }
  return problems;
}
