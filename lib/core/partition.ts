import { renderableFromMs, renderableThroughMs, type ZoneClock } from "./civil-minute";
import { invariant } from "./error";
import { type EventTimeParser, readEventTime } from "./event-time";
import type { EventTimeCell } from "./ports/row-target";
import {
  listVariables,
  type PrefixTemplate,
  readPrefixTemplate,
  renderPartition,
} from "./prefix-template";
import { type DirtyValue, dirtyValueCharactersMax } from "./record";
import type { EventTime, TaskSettings } from "./task";

/** Is told of each row that goes by its write time for want of a usable event time; it knows which row that is. */
export type EventTimeDirt = {
  /** `describe` builds the human rendering; it is only worth calling while samples are kept. */
  dirtyEventTime(describe: () => DirtyValue): void;
};

/** Tells the partition (folder) of each row of one task. Keeps a cache, so one per reader. */
export type Partitioner = {
  /**
   * The event time decides when the task has such a column and the row a usable value there; else the
   * write time does. `eventTime` is undefined when the task has no such column, null when the row has
   * no value. A write time that no folder can name counts as the nearest that one can.
   */
  folderOf(
    writtenAtMs: number,
    eventTime: EventTimeCell | null | undefined,
    dirt: EventTimeDirt,
  ): string;
};

/**
 * Renders a stored task's prefix in its time zone. `parseEventTime` reads the event-time column's text
 * format; null when the task has no such column. The prefix was checked when the task was made.
 */
export function createPartitioner(
  settings: Pick<TaskSettings, "prefix" | "eventTime">,
  zone: ZoneClock,
  parseEventTime: EventTimeParser | null,
): Partitioner {
  const template = readPrefixTemplate(settings.prefix);
  invariant(template, "A stored task has a legal prefix");
  const folderAt = createFolderClock(template, zone);
  const { eventTime } = settings;
  if (eventTime === null || parseEventTime === null) {
    return { folderOf: (writtenAtMs) => folderAt(writtenAtMs) };
  }
  return {
    folderOf(writtenAtMs, cell, dirt) {
      if (cell === undefined) return folderAt(writtenAtMs);
      const epochMs = cell && readEventTime(cell, eventTime.format, parseEventTime);
      if (epochMs !== null) return folderAt(epochMs);
      dirt.dirtyEventTime(() => describeEventTimeDirt(eventTime, cell));
      return folderAt(writtenAtMs);
    },
  };
}

function describeEventTimeDirt(eventTime: EventTime, cell: EventTimeCell | null): DirtyValue {
  const value = cell && (cell.type === "string" ? cell.text : String(cell.value));
  return {
    column: eventTime.column,
    reason: cell ? "event_time_unreadable" : "event_time_missing",
    expected: eventTime.format,
    actual: cell?.type ?? null,
    value: value?.slice(0, dirtyValueCharactersMax) ?? null,
    key: null,
    position: null,
  };
}

/** Blocks kept for records that jump in time, as event times do: 42 days of quarter hours. */
const blocksMax = 4096;
const minuteMs = 60_000;
const quarterHourMs = 15 * minuteMs;

/**
 * Renders instants into folders, fast when they come in rough order: one number compare per record
 * while time stays in its block.
 *
 * A block is a quarter hour of UTC, because every zone's offset and every change of it since 1972 is a
 * multiple of that, or a minute when the template has `$mm`. Older local times moved by odd seconds,
 * so a block counts only when its two ends agree; in any other, each instant is rendered by itself.
 */
export function createFolderClock(
  template: PrefixTemplate,
  zone: ZoneClock,
): (epochMs: number) => string {
  const variables = listVariables(template);
  const render = (epochMs: number) => renderPartition(template, zone(epochMs));
  if (variables.length === 0) {
    const only = render(0);
    return () => only;
  }
  const blockMs = variables.includes("mm") ? minuteMs : quarterHourMs;
  const blocks = new Map<number, string>();
  let fromMs = 1;
  let untilMs = 0;
  let folder = "";

  function enterBlock(epochMs: number): string {
    invariant(!Number.isNaN(epochMs), "A record's time is a number");
    const instant = Math.min(Math.max(epochMs, renderableFromMs), renderableThroughMs);
    const startMs = Math.floor(instant / blockMs) * blockMs;
    const known = blocks.get(startMs) ?? render(startMs);
    if (!blocks.has(startMs)) {
      if (render(startMs + blockMs - 1) !== known) return render(instant);
      if (blocks.size >= blocksMax) blocks.clear();
      blocks.set(startMs, known);
    }
    fromMs = startMs;
    untilMs = startMs + blockMs;
    // Neighbouring blocks mostly share the folder: handing out the same string keeps comparing it cheap.
    if (known !== folder) folder = known;
    return folder;
  }

  return (epochMs) => (epochMs >= fromMs && epochMs < untilMs ? folder : enterBlock(epochMs));
}
