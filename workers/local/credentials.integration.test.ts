import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { credentialsFileSchema } from "@/lib/contracts/credentials-file";
import { supervisorEnv } from "@/lib/platform/env";
import {
  createHome,
  keepSecret,
  readCredentials,
  settleCredentials,
  writeCredentials,
} from "./credentials";

const endpoints = {
  console: "http://127.0.0.1:3000",
  tablestore: "http://127.0.0.1:8087",
  objectStore: "http://127.0.0.1:9000",
};
let parent: string;
let home: string;

beforeEach(() => {
  parent = mkdtempSync(path.join(tmpdir(), "culvert-credentials-"));
  home = path.join(parent, "home");
  createHome(home);
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

test("the first start makes credentials of the documented shape, all random", () => {
  const [one, other] = [0, 1].map(() => settleCredentials(null, supervisorEnv({}), endpoints));
  expect(credentialsFileSchema.parse(one)).toEqual(one);
  for (const part of ["console", "tablestore", "objectStore"] as const) {
    for (const [name, value] of Object.entries(one![part])) {
      if (["endpoint", "email", "region"].includes(name)) continue;
      expect(value).not.toBe((other![part] as Record<string, string>)[name]);
    }
  }
});

test("a later start keeps the credentials and follows the ports", () => {
  const first = settleCredentials(null, supervisorEnv({}), endpoints);
  writeCredentials(home, first);
  const moved = { ...endpoints, console: "http://127.0.0.1:4000" };
  const second = settleCredentials(readCredentials(home), supervisorEnv({}), moved);
  expect(second).toEqual({ ...first, console: { ...first.console, endpoint: moved.console } });
});

test("environment variables override what was kept", () => {
  const kept = settleCredentials(null, supervisorEnv({}), endpoints);
  const env = supervisorEnv({
    CULVERT_ADMIN_EMAIL: "ops@example.org",
    CULVERT_ADMIN_PASSWORD: "from outside",
    CULVERT_API_KEY: "k".repeat(40),
    TABLESTORE_ACCESS_KEY_ID: "tablestore-id",
    TABLESTORE_ACCESS_KEY_SECRET: "tablestore-secret",
    OBJECT_STORE_ACCESS_KEY_ID: "store-id",
    OBJECT_STORE_SECRET_ACCESS_KEY: "store-secret",
  });
  expect(settleCredentials(kept, env, endpoints)).toEqual({
    console: {
      endpoint: endpoints.console,
      email: "ops@example.org",
      password: "from outside",
      apiKey: "k".repeat(40),
    },
    tablestore: {
      endpoint: endpoints.tablestore,
      accessKeyId: "tablestore-id",
      accessKeySecret: "tablestore-secret",
    },
    objectStore: {
      endpoint: endpoints.objectStore,
      region: "us-east-1",
      accessKeyId: "store-id",
      secretAccessKey: "store-secret",
    },
  });
});

test("an endpoint from outside needs its keys from outside, and every missing one is named", () => {
  const env = { TABLESTORE_ENDPOINT: "https://ots.example.org" };
  expect(() => supervisorEnv(env)).toThrow(
    /TABLESTORE_ACCESS_KEY_ID: is needed because TABLESTORE_ENDPOINT is set\n.*TABLESTORE_ACCESS_KEY_SECRET/,
  );
});

test("only the owner can read the home, the credentials and the secrets", () => {
  writeCredentials(home, settleCredentials(null, supervisorEnv({}), endpoints));
  keepSecret(home, "secret.key");
  expect(statSync(home).mode & 0o777).toBe(0o700);
  expect(statSync(path.join(home, "credentials.json")).mode & 0o777).toBe(0o600);
  expect(statSync(path.join(home, "secret.key")).mode & 0o777).toBe(0o600);
});

test("a kept secret is 32 bytes and the same at every start", () => {
  const secret = keepSecret(home, "secret.key");
  expect(Buffer.from(secret, "base64")).toHaveLength(32);
  expect(keepSecret(home, "secret.key")).toBe(secret);
});

test("a credentials file that was damaged is never replaced by new credentials", () => {
  writeFileSync(path.join(home, "credentials.json"), "{}");
  expect(() => readCredentials(home)).toThrow(/credentials.json does not hold credentials/);
});
