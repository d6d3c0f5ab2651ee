import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { resetSocket } from "./reset-socket";

/** The two sides of one connection; the second one is what the server of it has. */
async function openPair(): Promise<{ readonly client: Socket; readonly server: Socket }> {
  const listening = createServer().listen(0, "127.0.0.1");
  await once(listening, "listening");
  const accepted = once(listening, "connection");
  const client = connect((listening.address() as AddressInfo).port, "127.0.0.1").pause();
  client.on("error", () => {});
  const [server] = await accepted;
  listening.close();
  return { client, server };
}

describe("breaking a connection", () => {
  it.each<[string, (server: Socket) => void]>([
    ["that is open", () => {}],
    ["that has bytes on their way", (server) => void server.write(Buffer.alloc(20_000_000))],
    ["whose end was sent", (server) => void server.end()],
    ["that was broken before", (server) => resetSocket(server)],
  ])("leaves nothing of one %s", async (_, before) => {
    const { client, server } = await openPair();
    const errors: unknown[] = [];
    server.on("error", (thrown) => errors.push(thrown));
    const closed = once(server, "close");
    before(server);
    resetSocket(server);
    await closed;
    client.destroy();
    expect(errors).toEqual([]);
  });
});
