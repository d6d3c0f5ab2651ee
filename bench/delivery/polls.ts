import http from "node:http";
import { systemClock } from "@/lib/platform/clock";
import type { Installation } from "./installation";

/** As many as a browser's tabs would have out; beyond them polls wait, and are fewer. */
const atOnceMax = 32;

export type Polls = {
  /** Resolves when none is out any more, with how many were answered. */
  stop(): Promise<number>;
};

/**
 * Asks for the routes in turns, evenly spread by the clock, over kept connections: a client that costs as
 * little as it can, since it runs on the machine that it measures. A poll that fails ends them all.
 */
export function startPolls(
  at: Installation,
  routes: readonly string[],
  pollsPerMinute: number,
): Polls {
  const agent = new http.Agent({ keepAlive: true, maxSockets: atOnceMax });
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  let answered = 0;
  const poll = async (route: string) => {
    await get(at, agent, route);
    answered += 1;
  };
  const polling = (async () => {
    const began = performance.now();
    for (let polls = 0; pollsPerMinute > 0 && !stopping.signal.aborted; polls++) {
      const dueMs = (polls / pollsPerMinute) * 60_000 - (performance.now() - began);
      if (dueMs > 0) await systemClock.sleep(dueMs, stopping.signal);
      if (underWay.size >= atOnceMax) await Promise.race(underWay);
      const one = poll(routes[polls % routes.length] ?? "tasks").finally(() =>
        underWay.delete(one),
      );
      underWay.add(one);
    }
    await Promise.all(underWay);
  })();
  return {
    async stop() {
      stopping.abort();
      await polling;
      agent.destroy();
      return answered;
    },
  };
}

function get(at: Installation, agent: http.Agent, route: string): Promise<void> {
  const { endpoint, headers } = at.api;
  return new Promise((resolve, reject) => {
    const request = http.get(`${endpoint}/${route}`, { agent, headers }, (response) => {
      response.resume();
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`GET ${route}: ${response.statusCode}`));
      });
    });
    request.on("error", reject);
  });
}
