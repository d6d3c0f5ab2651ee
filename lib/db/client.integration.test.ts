import { createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import type { AppError } from "@/lib/core/error";
import { startPostgresProxy } from "@/workers/delivery/testing/proxy/postgres-proxy";
import { createDatabase } from "./client";
import { withClient, withDatabase } from "./testing/test-database";

const given = withDatabase();

const errorOf = (promise: Promise<unknown>): Promise<AppError> =>
  promise.then(
    () => expect.unreachable("nothing was thrown"),
    (error) => error as AppError,
  );

async function listen(
  onConnection: (socket: Socket) => void,
): Promise<{ port: number; close: () => void }> {
  const server = createServer(onConnection);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : 0,
    close: () => server.close(),
  };
}

test("a server that is not there, hangs up, or refuses the password is database_unavailable", async () => {
  const gone = await listen(() => undefined);
  gone.close();
  const rude = await listen((socket) => socket.destroy());
  const wrongPassword = new URL(given.url());
  wrongPassword.password = "wrong";
  const missing = new URL(given.url());
  missing.pathname = "/no_such_database";
  const urls = [
    `postgresql://u:secret-word@127.0.0.1:${gone.port}/d`,
    `postgresql://u:secret-word@127.0.0.1:${rude.port}/d`,
    wrongPassword.toString(),
    missing.toString(),
  ];
  for (const url of urls) {
    const database = createDatabase(url);
    for (const attempt of [
      () => database.run((prisma) => prisma.$queryRaw`SELECT 1`),
      () => database.run((prisma) => prisma.task.count()),
      () => database.transact((transaction) => transaction.$queryRaw`SELECT 1`),
    ]) {
      const error = await errorOf(attempt());
      expect([url.split("@")[1], error.code, error.fault]).toEqual([
        url.split("@")[1],
        "internal.database_unavailable",
        "transient",
      ]);
      expect(error.message + JSON.stringify(error.details)).not.toContain("secret-word");
    }
    await database.close();
  }
  rude.close();
});

test("a connection cut in the middle of a transaction is database_unavailable, and the pool recovers", async () => {
  const database = createDatabase(given.url(), { applicationName: "to be cut" });
  const error = await errorOf(
    database.transact(async (transaction) => {
      await transaction.$queryRaw`SELECT 1`;
      await withClient(given.url(), (client) =>
        client.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'to be cut'",
        ),
      );
      await transaction.$queryRaw`SELECT 1`;
    }),
  );
  expect(error.code).toBe("internal.database_unavailable");
  expect(await database.run((prisma) => prisma.task.count())).toBe(0);
  await database.close();
});

test("a connection that falls silent, in a query or half-way through a transaction, is given up whole", async () => {
  const proxy = await startPostgresProxy(Number(new URL(given.url()).port));
  const url = new URL(given.url());
  url.port = String(proxy.port);
  const database = createDatabase(url.toString(), { silenceMaxMs: 500, connectionsMax: 1 });
  const select = () => database.run((prisma) => prisma.$queryRaw`SELECT 1`);
  await select();
  proxy.stall();
  expect((await errorOf(select())).code).toBe("internal.database_unavailable");
  proxy.flowAnew();
  await select();
  const halfWay = database.transact(async (transaction) => {
    await transaction.$executeRaw`CREATE TABLE half_way (id int)`;
    proxy.stall();
    await transaction.$queryRaw`SELECT 1`;
  });
  expect((await errorOf(halfWay)).code).toBe("internal.database_unavailable");
  proxy.flowAnew();
  // Were this the transaction's connection, it would see the table.
  const [row] = await database.prisma.$queryRaw<[{ found: string | null }]>`
    SELECT to_regclass('half_way')::text AS found`;
  expect(row.found).toBeNull();
  await database.close();
  await proxy.close();
});

test("a query that cannot work is internal.unexpected, with its code and without its values", async () => {
  const value = "a customer's value";
  const error = await errorOf(
    given.database().run((prisma) => prisma.$queryRaw`SELECT ${value}::bigint`),
  );
  expect(error).toMatchObject({ code: "internal.unexpected", details: { code: "22P02" } });
  expect(error.message).not.toContain(value);
});

test("more work than connections waits its turn", async () => {
  const database = createDatabase(given.url(), { connectionsMax: 2 });
  const work = Array.from({ length: 20 }, () =>
    database.run((prisma) => prisma.$queryRaw`SELECT 1 FROM pg_sleep(0.01)`),
  );
  await expect(Promise.all(work)).resolves.toHaveLength(20);
  const [row] = await database.prisma.$queryRaw<[{ count: bigint }]>`
    SELECT count(*) FROM pg_stat_activity WHERE application_name = 'culvert' AND datname = current_database()`;
  expect(row.count).toBeLessThanOrEqual(2n);
  await database.close();
});
