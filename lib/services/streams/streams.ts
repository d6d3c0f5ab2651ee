import { listCommitProgress } from "@/lib/db/stream-flushes";
import { CommitWatch } from "./commit-watch";
import { commitWindow, type WindowNeeds } from "./commit-window";
import { StreamGate } from "./stream-gate";
import { StreamWindows } from "./stream-windows";

/** What a console's process has one of, for all stream sessions. */
export type Streams = {
  readonly gate: StreamGate;
  readonly windows: StreamWindows;
  readonly watch: CommitWatch;
};

export function createStreams(needs: WindowNeeds): Streams {
  const { database, clock } = needs;
  return {
    gate: new StreamGate(clock),
    windows: new StreamWindows((...window) => commitWindow(needs, ...window), clock),
    watch: new CommitWatch((commitIds) => listCommitProgress(database, commitIds), clock),
  };
}
