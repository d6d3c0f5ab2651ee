import { randomBytes, randomInt } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  type CredentialsFile,
  credentialsFileName,
  credentialsFileSchema,
} from "@/lib/contracts/credentials-file";
import type { SupervisorEnv } from "@/lib/platform/env";

/** Where the parts can be reached in this run. */
export type Endpoints = {
  readonly console: string;
  readonly tablestore: string;
  readonly objectStore: string;
};

/**
 * The credentials of this run: a variable wins over what was kept, what was kept over a new random
 * one. Endpoints are always this run's, because ports may have changed.
 */
export function settleCredentials(
  kept: CredentialsFile | null,
  env: SupervisorEnv,
  endpoints: Endpoints,
  random: (alphabet: string, length: number) => string = randomText,
): CredentialsFile {
  return {
    console: {
      endpoint: endpoints.console,
      email: env.CULVERT_ADMIN_EMAIL ?? kept?.console.email ?? "admin@culvert.local",
      password: env.CULVERT_ADMIN_PASSWORD ?? kept?.console.password ?? random(readable, 20),
      apiKey: env.CULVERT_API_KEY ?? kept?.console.apiKey ?? `culvert_${random(alphanumeric, 64)}`,
    },
    tablestore: {
      endpoint: endpoints.tablestore,
      accessKeyId:
        env.TABLESTORE_ACCESS_KEY_ID ??
        kept?.tablestore.accessKeyId ??
        `CULVERTTS${random(upperCase, 11)}`,
      accessKeySecret:
        env.TABLESTORE_ACCESS_KEY_SECRET ??
        kept?.tablestore.accessKeySecret ??
        random(alphanumeric, 40),
    },
    objectStore: {
      endpoint: endpoints.objectStore,
      region: env.OBJECT_STORE_REGION,
      accessKeyId:
        env.OBJECT_STORE_ACCESS_KEY_ID ??
        kept?.objectStore.accessKeyId ??
        `CULVERTOS${random(upperCase, 11)}`,
      secretAccessKey:
        env.OBJECT_STORE_SECRET_ACCESS_KEY ??
        kept?.objectStore.secretAccessKey ??
        random(alphanumeric, 40),
    },
  };
}

const upperCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/** Without the letters and digits that people take for one another when they type a password. */
const readable = "abcdefghijkmnpqrstuvwxyzACDEFGHJKLMNPQRTUVWXY34679";

function randomText(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("");
}

/** All state of a one-machine installation, as an absolute path. */
export function homeDirectory(): string {
  return path.resolve(process.env.CULVERT_HOME ?? ".culvert");
}

const credentialsFile = (home: string) => path.join(home, credentialsFileName);

/** Null before the first start. Throws when the file is there but is not ours to understand. */
export function readCredentials(home: string): CredentialsFile | null {
  const file = credentialsFile(home);
  if (!existsSync(file)) return null;
  const parsed = credentialsFileSchema.safeParse(parseJson(readFileSync(file, "utf8")));
  if (parsed.success) return parsed.data;
  throw new Error(
    `${file} does not hold credentials any more. Restore it, or delete it to have new ones made.`,
  );
}

export function writeCredentials(home: string, credentials: CredentialsFile): void {
  writePrivateFile(credentialsFile(home), `${JSON.stringify(credentials, null, 2)}\n`);
}

/**
 * A secret that only processes need: made at the first start and kept as base64 in a file of its
 * own, `$CULVERT_HOME/<name>`.
 */
export function keepSecret(home: string, name: string): string {
  const file = path.join(home, name);
  if (existsSync(file)) return readFileSync(file, "utf8").trim();
  const secret = randomBytes(32).toString("base64");
  writePrivateFile(file, `${secret}\n`);
  return secret;
}

/** Only its owner can look into the home; files in it that hold secrets say so once more. */
export function createHome(home: string): void {
  mkdirSync(home, { recursive: true, mode: 0o700 });
}

/** Appears whole or not at all: a start that is cut off here must not lose what it just told people. */
function writePrivateFile(file: string, text: string): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, file);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
