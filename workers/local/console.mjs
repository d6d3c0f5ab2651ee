import { subscribe } from "node:diagnostics_channel";

/**
 * The console's process: Next's own command line, in this process, so that there is one process to
 * stop; and the end of the supervisor's pipe, which Next does not watch, becomes the SIGTERM that
 * it does. Plain Node, so that nothing is compiled at start.
 */
/** Shorter than the supervisor's grace time, so that an ordinary stop is never a kill. */
const stopMsMax = 3_000;

if (process.env.CULVERT_SUPERVISED === "1") {
  const end = () => process.kill(process.pid, "SIGTERM");
  process.stdin.once("end", end).once("error", end).resume();
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}
// Next waits for open connections, and a browser with a live page would keep one for ever.
process.on("SIGTERM", () => setTimeout(() => process.exit(0), stopMsMax).unref());

/**
 * An upload of rows takes as long as its rows do; Node would cut it after five minutes. What stalls is
 * cut by the upload's own rule. The modelled service gives an upload two hours.
 */
const requestMsMax = 2 * 60 * 60 * 1_000;
subscribe("http.server.request.start", ({ server }) => {
  server.requestTimeout = requestMsMax;
});

process.argv.splice(2, 0, "start");
await import("../../node_modules/next/dist/bin/next");
