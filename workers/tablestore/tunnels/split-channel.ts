import { checkLimit, limits } from "../limits";
import { parameterInvalid } from "../refusal";
import type { Commit } from "../store/commit";
import type { Store } from "../store/store";
import type { LogChannel } from "../store/stream-log";
import type { Table } from "../store/table";
import { streamChannel } from "./stream-channel";
import type { Tunnel } from "./tunnel";
import type { TunnelRegistry } from "./tunnel-registry";

export type SplitOutcome = { readonly channelId: string; readonly childIds: readonly string[] };

/**
 * Ends a stream channel at the border of one commit and lets two children go on with half of its
 * partition keys each, in every tunnel that reads it. A tunnel gives the children to nobody before
 * the parent was read to its end, so the records of one key keep their order.
 *
 *   written ──split──▶ closed ──all tunnels have read it, and its records have expired──▶ forgotten
 */
export async function splitChannel(
  store: Store,
  registry: TunnelRegistry,
  request: { readonly tableName: string; readonly channelId?: string },
): Promise<SplitOutcome> {
  const { catalogue, loop } = store;
  const { table, parent, children } = await loop.change((commit) => {
    const table = catalogue.require(request.tableName);
    const parent = chooseChannel(table, request.channelId);
    checkLimit(limits.channels, table.channels.length + 1);
    const children = catalogue.splitChannel(commit, table, parent);
    for (const tunnel of registry.all()) {
      addToTunnel(commit, registry, tunnel, parent, children);
    }
    return { table, parent, children };
  });
  catalogue.showEnd(table, parent);
  return { channelId: parent.id, childIds: children.map(({ id }) => id) };
}

function chooseChannel(table: Table, channelId: string | undefined): LogChannel {
  const width = ({ hashStart, hashEnd }: LogChannel) => hashEnd - hashStart;
  const chosen =
    channelId === undefined || channelId === ""
      ? [...table.channels].sort((a, b) => width(b) - width(a))[0]
      : table.channels.find(({ id }) => id === channelId);
  if (chosen === undefined)
    throw parameterInvalid("The table has no such channel that is written.");
  if (width(chosen) < 2) throw parameterInvalid("The channel cannot be split any further.");
  return chosen;
}

function addToTunnel(
  commit: Commit,
  registry: TunnelRegistry,
  tunnel: Tunnel,
  parent: LogChannel,
  children: readonly LogChannel[],
): void {
  const channel = tunnel.channels.get(parent.id);
  if (channel === undefined || channel.source.kind !== "stream") return;
  const { endUs } = channel.source;
  const order = { parents: [parent.id], hasEnd: endUs !== null };
  const documents = children.map((child) => {
    const source = { kind: "stream", ordinal: child.ordinal, endUs } as const;
    const start = { sequence: 0, timestampUs: child.lastTimestampUs, totalCount: 0 };
    return streamChannel(child, source, start, order);
  });
  registry.splitChannel(commit, tunnel, channel, documents);
}
