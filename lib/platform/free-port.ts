import { createServer } from "node:net";

/** Below what Linux (32,768), macOS and Windows (49,152) give to outgoing connections. */
const firstPort = 20_000;
const portsCount = 12_000;
const triesMax = 100;

/**
 * A port that nothing listens on, for a server that has to find the same one free after a restart.
 * A port of the system's choice would not do: it comes from the range of outgoing connections, so
 * that while the server is down somebody's connection can hold it.
 *
 * Nothing listens there afterwards; whoever comes first has it.
 */
export async function findFreePort(
  host: string,
  random: () => number = Math.random,
): Promise<number> {
  let failure: unknown;
  for (let tries = 0; tries < triesMax; tries++) {
    const port = firstPort + Math.floor(random() * portsCount);
    failure = await tryToListen(host, port);
    if (failure === null) return port;
  }
  throw failure;
}

/** Null when one can listen there; otherwise why not. */
export function tryToListen(host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", resolve);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}
