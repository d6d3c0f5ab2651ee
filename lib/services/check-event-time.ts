import { type EventTimeParser, readEventTime } from "@/lib/core/event-time";
import type { EventTimeCell } from "@/lib/core/ports/row-target";
import type { Problem } from "@/lib/core/problem";
import type { SampleCell, SampleRow, TableDescription } from "@/lib/core/record";
import type { EventTime } from "@/lib/core/task";

export type EventTimeVerdict = {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
};

/**
 * Whether a column can give the event time. Only what the table declares can make it impossible;
 * what sampled rows hold is a warning, because rows differ and may improve.
 */
export function checkEventTime(
  eventTime: EventTime,
  parse: EventTimeParser,
  table: TableDescription,
  samples: readonly SampleRow[],
): EventTimeVerdict {
  const declared = [...table.primaryKey, ...table.definedColumns].find(
    ({ name }) => name === eventTime.column,
  );
  if (declared) {
    const problem = checkType(eventTime, declared.type);
    if (problem) return { problems: [problem], warnings: [] };
  }
  return { problems: [], warnings: warnOfSamples(eventTime, parse, samples) };
}

function checkType({ column, format }: EventTime, type: SampleCell["type"]): Problem | null {
  if (type === "boolean" || type === "binary") {
    return { field: "eventTime.column", message: `${column} is ${type}, which holds no time.` };
  }
  if (type !== "string" && format !== "Unix") {
    return {
      field: "eventTime.format",
      message: `${column} is ${type}; numbers are read as Unix time, not as ${format}.`,
    };
  }
  return null;
}

function warnOfSamples(
  { column, format }: EventTime,
  parse: EventTimeParser,
  samples: readonly SampleRow[],
): Problem[] {
  if (samples.length === 0) return [];
  const cells = samples.flatMap((row) => row.cells.filter(({ name }) => name === column));
  if (cells.length === 0) {
    return [
      {
        field: "eventTime.column",
        message: `None of ${samples.length} sampled rows has ${column}; such rows go by their write time.`,
      },
    ];
  }
  const unreadable = cells.filter((cell) => {
    const timeCell = eventTimeCellOf(cell);
    return timeCell === null || readEventTime(timeCell, format, parse) === null;
  });
  if (unreadable.length === 0) return [];
  return [
    {
      field: "eventTime.format",
      message: `${unreadable.length} of ${cells.length} sampled values of ${column} cannot be read as ${format}; such rows go by their write time.`,
    },
  ];
}

/** A sampled cell as the partitioner reads it; null for a type that holds no time. */
export function eventTimeCellOf(cell: SampleCell): EventTimeCell | null {
  switch (cell.type) {
    case "string":
      return { type: "string", text: String(cell.value) };
    case "integer":
      return { type: "integer", value: BigInt(cell.value) };
    case "double":
      return { type: "double", value: Number(cell.value) };
    case "boolean":
    case "binary":
      return null;
  }
}
