import type { HeldTask } from "@/lib/core/ports/ledger";

/** One rescan of a task at a time, so its tunnel is found by its name wherever a worker died. */
export function rescanTunnelName({ tunnelName }: Pick<HeldTask, "tunnelName">): string {
  return `${tunnelName}-rescan`;
}
