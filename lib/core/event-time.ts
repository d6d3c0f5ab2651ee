import { isRenderable } from "./civil-minute";
import type { EventTimeCell } from "./ports/row-target";
import type { EventTimeFormat } from "./task";

/** Reads one layout of text into epoch ms, or null when the text is not exactly that layout. */
export type EventTimeParser = (text: string) => number | null;

/**
 * The instant of an event-time cell in epoch ms, or null when the cell has no time that a folder could
 * name. `Unix` reads numbers, and text made of digits; every other format reads text only.
 */
export function readEventTime(
  cell: EventTimeCell,
  format: EventTimeFormat,
  parseText: EventTimeParser,
): number | null {
  const epochMs = format === "Unix" ? readUnixCell(cell) : readTextCell(cell, parseText);
  return epochMs !== null && isRenderable(epochMs) ? epochMs : null;
}

function readTextCell(cell: EventTimeCell, parseText: EventTimeParser): number | null {
  return cell.type === "string" ? parseText(cell.text) : null;
}

function readUnixCell(cell: EventTimeCell): number | null {
  switch (cell.type) {
    case "integer":
      return unixIntegerToMs(cell.value);
    case "double":
      return unixDoubleToMs(cell.value);
    case "string":
      return parseUnixText(cell.text);
  }
}

/** Unix time as text: digits with an optional sign and fraction, no exponent and no blanks. */
export function parseUnixText(text: string): number | null {
  if (/^[+-]?\d{1,19}$/.test(text)) return unixIntegerToMs(BigInt(text.replace("+", "")));
  return /^[+-]?\d{1,19}\.\d{1,18}$/.test(text) ? unixDoubleToMs(Number(text)) : null;
}

/**
 * The unit of a Unix value is not documented. Assumed: seconds, unless the magnitude says otherwise.
 *
 * | magnitude below | unit | which covers                |
 * |-----------------|------|-----------------------------|
 * | 10^11           | s    | up to the year 5138         |
 * | 10^14           | ms   | from March 1973 to 5138     |
 * | 10^17           | µs   | the same                    |
 * | more            | ns   | from March 1973 on          |
 *
 * So milliseconds of the first three years after 1970 are read as seconds; the other way round, every
 * table of present times in seconds would be read wrongly.
 */
export function unixIntegerToMs(value: bigint): number {
  const size = value < 0n ? -value : value;
  if (size < 100_000_000_000n) return Number(value) * 1000;
  if (size < 100_000_000_000_000n) return Number(value);
  if (size < 100_000_000_000_000_000n) return Number(floorDivide(value, 1_000n));
  return Number(floorDivide(value, 1_000_000n));
}

/** As for integers, with a fraction: 1598889780.25 is seconds. Null for NaN and the infinities. */
export function unixDoubleToMs(value: number): number | null {
  if (!Number.isFinite(value)) return null;
  const size = Math.abs(value);
  if (size < 1e11) return Math.floor(value * 1e3);
  if (size < 1e14) return Math.floor(value);
  return Math.floor(value / (size < 1e17 ? 1e3 : 1e6));
}

/** Towards the past, so that an instant before 1970 falls into the millisecond it lies in. */
function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value < 0n && value % divisor !== 0n ? quotient - 1n : quotient;
}
