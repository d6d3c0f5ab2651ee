import { fileNameBytesMax, rowFileNameBytesMax } from "./object-key";
import { listHiveNames, type TimeVariable } from "./prefix-layout";
import { listVariables, type PrefixTemplate } from "./prefix-template";
import type { Problem } from "./problem";

/** The documented advice: objects of 4 MB or more, folders by day or hour and not by minute. */
const objectBytesAdvised = 4 * 1024 * 1024;

export type ExpectedLoad = {
  /** Parquet bytes a second that the whole task is expected to write; null when nobody knows. */
  readonly bytesPerSecond: number | null;
  readonly flushSeconds: number;
  /** Channels that write side by side, each its own objects. */
  readonly lanes: number;
};

/** What is legal in a prefix but unwise. Nothing here stops a task from being created. */
export function adviseOnPrefix(
  template: PrefixTemplate,
  load: ExpectedLoad,
  field = "prefix",
): Problem[] {
  return [
    ...adviseOnObjectSize(template, load, field),
    ...adviseOnTime(template, field),
    ...adviseOnReaders(template, field),
  ];
}

function adviseOnObjectSize(template: PrefixTemplate, load: ExpectedLoad, field: string) {
  const variables = listVariables(template);
  const problems: Problem[] = [];
  if (variables.includes("mm")) {
    problems.push({
      field,
      message:
        "A folder per minute makes many small objects, which are slow to read. Partition by day or hour, and aim at 4 MB or more per object.",
      at: template.text.indexOf("$mm"),
    });
  }
  if (load.bytesPerSecond === null) return problems;
  const seconds = Math.min(load.flushSeconds, folderSeconds(variables));
  const expectedBytes = (load.bytesPerSecond * seconds) / Math.max(1, load.lanes);
  if (expectedBytes < objectBytesAdvised) {
    problems.push({
      field,
      message: `Objects of about ${formatBytes(expectedBytes)} are to be expected at this write rate; 4 MB or more read well. ${
        variables.includes("mm")
          ? "Partition by day or hour."
          : "A longer flush time makes larger ones."
      }`,
    });
  }
  return problems;
}

function folderSeconds(variables: readonly TimeVariable[]): number {
  if (variables.includes("mm")) return 60;
  return variables.includes("HH") ? 3600 : 86_400;
}

function formatBytes(bytes: number): string {
  if (bytes >= 1024 * 1024) return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
  return bytes >= 1024 ? `${Math.round(bytes / 1024)} kB` : `${Math.round(bytes)} bytes`;
}

const variableOrder: readonly TimeVariable[] = ["yyyy", "MM", "dd", "HH", "mm"];

function adviseOnTime(template: PrefixTemplate, field: string): Problem[] {
  const used = listVariables(template);
  const finest = used.at(-1);
  const missing = variableOrder
    .slice(0, finest === undefined ? 0 : variableOrder.indexOf(finest))
    .filter((name) => !used.includes(name));
  const problems: Problem[] = [];
  if (missing.length > 0) {
    problems.push({
      field,
      message: `Without ${missing.map((name) => `$${name}`).join(" and ")}, rows of different times share a folder.`,
    });
  }
  const literal = /\$(?:yyyy|MM|dd|HH|mm)(yyyy|y|MM|M|dd|d|HH|H|mm)/.exec(template.text);
  if (literal?.[1] !== undefined) {
    problems.push({
      field,
      message: `"${literal[1]}" after a variable is plain text. Put a $ before each variable.`,
      at: literal.index + literal[0].length - literal[1].length,
    });
  }
  return problems;
}

function adviseOnReaders(template: PrefixTemplate, field: string): Problem[] {
  const problems: Problem[] = [];
  const hiddenAt = template.text.search(/(?<![^/])[_.]/);
  if (hiddenAt >= 0) {
    problems.push({
      field,
      message: "Hive, Spark and Trino skip folders whose name starts with _ or a dot.",
      at: hiddenAt,
    });
  }
  const awkwardAt = template.text.search(/[*?{}[\]%#"<>\\^`|~\s]/);
  if (awkwardAt >= 0) {
    problems.push({
      field,
      message: `Some engines give ${JSON.stringify(template.text[awkwardAt])} a meaning of its own in an address and will not find the folder.`,
      at: awkwardAt,
    });
  }
  const capital = listHiveNames(template).find((name) => name !== name.toLowerCase());
  if (capital !== undefined) {
    problems.push({
      field,
      message: `Hive keeps column names in lower case and may not find the folders of ${capital}.`,
      at: template.text.indexOf(`${capital}=`),
    });
  }
  if (rowFileNameBytesMax(template.text) > fileNameBytesMax) {
    problems.push({
      field,
      message: `Object names repeat the folder and may pass ${fileNameBytesMax} bytes, which stores that keep objects as files refuse.`,
    });
  }
  return problems;
}
