import type { Store } from "../store/store";
import { isTunnelExpired } from "./describe-tunnel";
import type { Tunnel } from "./tunnel";
import type { TunnelRegistry } from "./tunnel-registry";

/** An expired tunnel reads nothing any more; after this it is deleted (documented). */
const keptAfterExpiryMs = 30 * 86_400_000;

/** Notes which tunnels have expired, and deletes those that expired 30 days ago. */
export async function removeExpiredTunnels(store: Store, registry: TunnelRegistry): Promise<void> {
  const { loop, catalogue, garbage, clock } = store;
  const isOld = ({ document }: Tunnel, nowMs: number) =>
    document.expiredAtMs !== null && nowMs - document.expiredAtMs >= keptAfterExpiryMs;
  for (const tunnel of registry.all()) {
    const isNoted = tunnel.document.expiredAtMs !== null;
    if (isTunnelExpired(tunnel, catalogue) === isNoted && !isOld(tunnel, clock.nowMs())) continue;
    await loop.change((commit) => {
      if (!registry.all().includes(tunnel)) return;
      // A client may have moved on to records that are still there.
      if (!isTunnelExpired(tunnel, catalogue)) registry.noteExpiry(commit, tunnel, null);
      else if (isOld(tunnel, commit.nowMs)) registry.remove(commit, tunnel);
      else if (!isNoted) registry.noteExpiry(commit, tunnel, commit.nowMs);
    });
  }
  garbage.sweep();
}

/**
 * Forgets split channels that no tunnel has to read any more and whose records have all expired.
 * Younger ones are kept even when they are empty: they tell which channels follow which.
 */
export async function forgetClosedChannels(store: Store, registry: TunnelRegistry): Promise<void> {
  const { loop, catalogue, garbage } = store;
  for (const table of catalogue.all()) {
    for (const channel of table.closedChannels) {
      if (channel.firstSequence < channel.nextSequence) continue;
      await loop.change((commit) => {
        const { stream } = table.document;
        const end = stream?.channels.find(({ id }) => id === channel.id)?.end;
        if (!stream || !end) return;
        const isYoung = commit.nowMs - end.atMs < stream.expirationHours * 3_600_000;
        if (isYoung || registry.all().some((tunnel) => awaits(tunnel, channel.id))) return;
        catalogue.forgetClosed(commit, table, channel);
      });
    }
  }
  garbage.sweep();
}

function awaits(tunnel: Tunnel, channelId: string): boolean {
  const channel = tunnel.channels.get(channelId);
  return channel !== undefined && channel.status !== "terminated";
}
