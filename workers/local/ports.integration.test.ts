import { createServer, type Server } from "node:net";
import { expect, test } from "vitest";
import { choosePorts } from "./ports";

const host = "127.0.0.1";

test("a taken port is named with its part and the setting that changes it", async () => {
  const { server, port } = await listen();
  const wanted = [
    { part: "console", setting: "PORT", port },
    { part: "object store", setting: "OBJECT_STORE_PORT", port: 0 },
  ];
  await expect(choosePorts(host, wanted)).rejects.toThrow(
    `Port ${port} (console) is taken by another program. Stop that program or set PORT to a free port.`,
  );
  server.close();
});

test("every taken port is named at once", async () => {
  const [first, second] = [await listen(), await listen()];
  const wanted = [
    { part: "console", setting: "PORT", port: first.port },
    { part: "Tablestore", setting: "TABLESTORE_PORT", port: second.port },
  ];
  await expect(choosePorts(host, wanted)).rejects.toThrow(/PORT to[\s\S]+TABLESTORE_PORT to/);
  first.server.close();
  second.server.close();
});

test("one port set for two parts is refused", async () => {
  const { server, port } = await listen();
  await new Promise((resolve) => server.close(resolve));
  const wanted = [
    { part: "console", setting: "PORT", port },
    { part: "object store", setting: "OBJECT_STORE_PORT", port },
  ];
  await expect(choosePorts(host, wanted)).rejects.toThrow(
    `Port ${port} is set for two parts: console (PORT) and object store (OBJECT_STORE_PORT).`,
  );
});

test("port 0 becomes a free port, another one for each part", async () => {
  const wanted = ["console", "Tablestore", "object store"].map((part) => ({
    part,
    setting: "PORT",
    port: 0,
  }));
  const ports = await choosePorts(host, wanted);
  expect(new Set(ports).size).toBe(3);
  for (const port of ports) expect(port).toBeGreaterThan(0);
});

async function listen(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return { server, port: (server.address() as { port: number }).port };
}
