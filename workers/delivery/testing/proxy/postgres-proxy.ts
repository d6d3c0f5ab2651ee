import { connect, createServer, type Server, type Socket } from "node:net";
import { findFreePort } from "@/lib/platform/free-port";
import { resetSocket } from "./reset-socket";

/** PostgreSQL seen through a network that fails as told. */
export type PostgresProxy = {
  readonly port: number;
  /** Resets every connection, and lets new ones in. */
  cut(): void;
  /** Nobody listens any more, and what is connected is cut. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
  /** Bytes go no further, either way; connections stay, and new ones are taken and hear nothing. */
  stall(): void;
  /** What waited goes on its way, late. */
  flow(): void;
  /** New connections work; those that hear nothing never hear anything again. */
  flowAnew(): void;
  /**
   * The next statement that holds this text is done to its end, and its connection breaks before a
   * word of the answer is through. Resolves then, or when the signal aborts.
   */
  loseAnswerTo(text: string, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
};

const host = "127.0.0.1";
/** ReadyForQuery: the statement is over, and its transaction with it when it had none around it. */
const readyForQuery = Buffer.from([0x5a, 0, 0, 0, 5]);

type Pair = { readonly client: Socket; readonly server: Socket };
type Watch = { readonly text: string; readonly lost: () => void };

export async function startPostgresProxy(targetPort: number): Promise<PostgresProxy> {
  const pairs = new Set<Pair>();
  let isStalled = false;
  let watch: Watch | null = null;
  const take = (client: Socket) => {
    const pair = { client, server: connect(targetPort, host) };
    pairs.add(pair);
    join(pair, (request) => {
      if (watch === null || !request.includes(watch.text)) return null;
      const { lost } = watch;
      watch = null;
      return lost;
    });
    if (isStalled) pause(pair);
    const end = () => {
      pairs.delete(pair);
      for (const socket of [client, pair.server]) socket.destroy();
    };
    for (const socket of [client, pair.server]) socket.on("error", end).on("close", end);
  };
  const port = await findFreePort(host);
  let listening: Server = await listen(take, port);
  const cut = () => {
    for (const { client, server } of pairs) {
      resetSocket(client);
      server.destroy();
    }
  };
  const refuse = async () => {
    if (!listening.listening) return;
    const gone = new Promise((resolve) => listening.close(resolve));
    cut();
    await gone;
  };
  return {
    port,
    cut,
    refuse,
    async accept() {
      if (!listening.listening) listening = await listen(take, port);
    },
    stall() {
      isStalled = true;
      for (const pair of pairs) pause(pair);
    },
    flow() {
      isStalled = false;
      for (const { client, server } of pairs) for (const one of [client, server]) one.resume();
    },
    flowAnew() {
      isStalled = false;
    },
    loseAnswerTo: (text, signal) =>
      new Promise((lost) => {
        const giveUp = () => {
          watch = null;
          lost();
        };
        watch = {
          text,
          lost() {
            signal?.removeEventListener("abort", giveUp);
            lost();
          },
        };
        signal?.addEventListener("abort", giveUp);
      }),
    close: refuse,
  };
}

function listen(take: (client: Socket) => void, port: number): Promise<Server> {
  const server = createServer({ noDelay: true }, take);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}

function pause({ client, server }: Pair): void {
  for (const socket of [client, server]) socket.pause();
}

/** `judge` gives what to call when the answer to these bytes has to be lost, or null. */
function join({ client, server }: Pair, judge: (request: Buffer) => (() => void) | null): void {
  let lose: (() => void) | null = null;
  client.on("data", (bytes) => {
    lose ??= judge(bytes);
    server.write(bytes);
  });
  server.on("data", (bytes) => {
    if (lose === null) return void client.write(bytes);
    const isOver = bytes.subarray(-6, -1).equals(readyForQuery);
    if (!isOver) return;
    lose();
    resetSocket(client);
    server.destroy();
  });
}
