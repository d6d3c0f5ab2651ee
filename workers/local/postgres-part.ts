import type { Part } from "./part";
import { startPostgres } from "./postgres";
import type { RunDirectory } from "./run-directory";

/** The embedded PostgreSQL as a part; `opened` gets its URL, which is the same after a restart. */
export function postgresPart(options: {
  readonly dataDirectory: string;
  readonly port: number;
  readonly password: string;
  readonly runDirectory: RunDirectory;
  readonly log: (line: string) => void;
  readonly opened: (url: string) => void;
}): Part {
  const { dataDirectory, port, password, log, opened } = options;
  let serves = false;
  return {
    name: "postgres",
    start: async () => {
      const server = await startPostgres({ dataDirectory, port, password, log });
      serves = true;
      opened(server.url);
      return { exited: server.exited, stop: () => server.stop(), kill: () => server.kill() };
    },
    waitUntilServing: async () => serves,
  };
}
