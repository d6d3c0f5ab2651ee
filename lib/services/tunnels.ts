import { parseInput } from "@/lib/contracts/field-problems";
import type { Page } from "@/lib/contracts/paging";
import {
  splitBodySchema,
  type TunnelSummaryView,
  type TunnelView,
  tunnelBodySchema,
} from "@/lib/contracts/tunnel-body";
import { AppError } from "@/lib/core/error";
import { InvalidInputError } from "@/lib/core/invalid-input";
import type { TunnelSummary } from "@/lib/core/ports/table-editor";
import type { TunnelDescription } from "@/lib/core/ports/table-source";
import type { SyncMode } from "@/lib/core/task";
import type { StoredSource } from "@/lib/db/sources";
import { listTableReaders, type TableReader } from "@/lib/db/table-readers";
import { type Editors, withEditor, withSource } from "./connections";
import { findSource, resourceNotFound } from "./find-stored";
import type { ServiceDependencies } from "./service-dependencies";

type Needs = Pick<ServiceDependencies, "database" | "connections" | "now"> & {
  readonly editors: Editors;
};
/** A tunnel of a source's table, as an address names it. */
export type TunnelPlace = { readonly id: string; readonly table: string; readonly tunnel: string };

const types = { full: "BaseData", incremental: "Stream", differential: "BaseAndStream" } as const;
const modes: Readonly<Record<(typeof types)[SyncMode], SyncMode>> = {
  BaseData: "full",
  Stream: "incremental",
  BaseAndStream: "differential",
};
const hourMs = 3_600_000;
/** The service lists tunnels table by table; this many are asked at a time. */
const tablesAtOnce = 8;

/**
 * By table and name; of one table, or of all. A page is cut from the whole list, and its cursor is
 * the place in it of the last tunnel shown.
 */
export async function listTunnels(
  needs: Needs,
  sourceId: string,
  query: { cursor?: string | undefined; limit: number; table?: string | undefined },
): Promise<Page<TunnelSummaryView>> {
  const stored = await findSource(needs.database, sourceId);
  const [tunnels, readers] = await Promise.all([
    query.table === undefined
      ? listAllTunnels(needs, stored)
      : listTunnelsOf(needs, stored, [query.table]),
    readersOf(needs, stored),
  ]);
  const ordered = tunnels.sort((one, other) => compareText(placeOf(one), placeOf(other)));
  const after = query.cursor === undefined ? null : readCursor(query.cursor);
  const rest =
    after === null ? ordered : ordered.filter((tunnel) => compareText(placeOf(tunnel), after) > 0);
  const page = rest.slice(0, query.limit);
  const last = page.at(-1);
  return {
    items: page.map((tunnel) => summaryView(tunnel, readers)),
    nextCursor: rest.length > page.length && last !== undefined ? cursorOf(placeOf(last)) : null,
    total: ordered.length,
  };
}

async function listAllTunnels(needs: Needs, stored: StoredSource): Promise<TunnelSummary[]> {
  const tables = await withSource(needs.connections, stored, (source) => source.listTables());
  return listTunnelsOf(needs, stored, tables);
}

async function listTunnelsOf(
  needs: Needs,
  stored: StoredSource,
  tables: readonly string[],
): Promise<TunnelSummary[]> {
  return withEditor(needs.editors, stored, async (editor) => {
    const found: TunnelSummary[] = [];
    for (let from = 0; from < tables.length; from += tablesAtOnce) {
      const some = tables.slice(from, from + tablesAtOnce);
      const lists = await Promise.all(some.map((table) => editor.listTunnels(table)));
      found.push(...lists.flat());
    }
    return found;
  });
}

/** Throws `resource.not_found` when the table has no such tunnel. */
export async function getTunnel(needs: Needs, place: TunnelPlace): Promise<TunnelView> {
  const stored = await findSource(needs.database, place.id);
  const summary = await requireTunnel(needs, stored, place);
  const [readers, { description, hours }] = await Promise.all([
    readersOf(needs, stored, place.table),
    withSource(needs.connections, stored, async (source) => {
      const tunnel = source.openTunnel({ ...summary });
      const [about, table] = await Promise.all([
        tunnel.describe(),
        source.describeTable(place.table),
      ]);
      return { description: about, hours: table.streamExpirationHours };
    }),
  ]);
  const consumedThroughMs = slowestOf(description);
  return {
    ...summaryView({ ...summary, ...description }, readers),
    channels: description.channels.map((channel) => ({
      channelId: channel.channelId,
      kind: channel.kind,
      status: channel.status,
      clientId: channel.clientId,
      consumedThrough: instantOf(channel.consumedThroughMs),
      records: countOf(channel),
    })),
    consumedThrough: instantOf(consumedThroughMs),
    latencySeconds:
      consumedThroughMs === null ? null : Math.max(0, needs.now() - consumedThroughMs) / 1000,
    streamExpirationHours: hours,
    expiresAt:
      consumedThroughMs === null || hours === null
        ? null
        : instantOf(consumedThroughMs + hours * hourMs),
  };
}

/** The embedded table store forgets the count of a channel that is done; 0 would be a wrong one. */
function countOf({ rows, status }: TunnelDescription["channels"][number]): number | null {
  return rows === null || (status === "terminated" && rows === 0n) ? null : Number(rows);
}

/** Of the stream channels that are still read: what a finished one consumed nobody waits for. */
function slowestOf({ channels }: TunnelDescription): number | null {
  const consumed = channels
    .filter(({ kind, status }) => kind === "stream" && status !== "terminated")
    .map(({ consumedThroughMs }) => consumedThroughMs)
    .filter((at) => at !== null);
  return consumed.length === 0 ? null : Math.min(...consumed);
}

export async function createTunnel(
  needs: Needs,
  sourceId: string,
  table: string,
  input: unknown,
): Promise<TunnelView> {
  const { name, type } = parseInput(tunnelBodySchema, input);
  const stored = await findSource(needs.database, sourceId);
  const request = { table, name, mode: modes[type] };
  await withEditor(needs.editors, stored, (editor) => editor.createTunnel(request));
  return getTunnel(needs, { id: sourceId, table, tunnel: name });
}

/** More channels let more workers read the table's changes side by side. */
export async function splitChannel(
  needs: Needs,
  place: TunnelPlace,
  input: unknown,
): Promise<TunnelView> {
  const { channelId } = parseInput(splitBodySchema, input);
  const stored = await findSource(needs.database, place.id);
  await requireTunnel(needs, stored, place);
  await withEditor(needs.editors, stored, (editor) => editor.splitChannel(place.table, channelId));
  return getTunnel(needs, place);
}

/** Throws `resource.conflict` when a task reads it: its position in the stream would be lost. */
export async function deleteTunnel(needs: Needs, place: TunnelPlace): Promise<void> {
  const stored = await findSource(needs.database, place.id);
  await requireTunnel(needs, stored, place);
  const readers = await readersOf(needs, stored, place.table);
  const task = readers.find(({ tunnel }) => tunnel === place.tunnel)?.task;
  if (task !== undefined) {
    const reason = `The tunnel is how the task ${task} reads its table, and holds its position in the stream. Delete the task, and its tunnel goes with it.`;
    throw new AppError("resource.conflict", reason, { details: { reason } });
  }
  await withSource(needs.connections, stored, (source) =>
    source.deleteTunnel({ table: place.table, name: place.tunnel }),
  );
}

async function requireTunnel(
  needs: Needs,
  stored: StoredSource,
  place: TunnelPlace,
): Promise<TunnelSummary> {
  const tunnels = await listTunnelsOf(needs, stored, [place.table]);
  const found = tunnels.find(({ name, table }) => name === place.tunnel && table === place.table);
  if (found === undefined) throw resourceNotFound(place.tunnel);
  return found;
}

function readersOf(needs: Needs, stored: StoredSource, table?: string): Promise<TableReader[]> {
  const { endpoint, instance } = stored;
  return listTableReaders(needs.database, {
    endpoint,
    instance,
    ...(table === undefined ? {} : { table }),
  });
}

function summaryView(tunnel: TunnelSummary, readers: readonly TableReader[]): TunnelSummaryView {
  const { name, table, tunnelId, mode, stage, expired, createdAtMs } = tunnel;
  const reader = readers.find((one) => one.tunnel === name && one.table === table);
  return {
    name,
    table,
    tunnelId,
    type: types[mode],
    stage,
    expired,
    createdAt: instantOf(createdAtMs),
    task: reader?.task ?? null,
  };
}

const instantOf = (ms: number | null): string | null =>
  ms === null ? null : new Date(ms).toISOString();

/** Names hold no spaces, so this orders by table, then by name. */
const placeOf = ({ table, name }: TunnelSummary): string => `${table} ${name}`;
const compareText = (left: string, right: string): number =>
  left < right ? -1 : left > right ? 1 : 0;
const cursorOf = (place: string): string => Buffer.from(place).toString("base64url");

function readCursor(cursor: string): string {
  const place = Buffer.from(cursor, "base64url").toString("utf8");
  if (cursorOf(place) === cursor) return place;
  throw new InvalidInputError([{ field: "cursor", message: "This was not given by this list." }]);
}
