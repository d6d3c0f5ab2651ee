import path from "node:path";
import type { CredentialsFile } from "@/lib/contracts/credentials-file";
import type { Environment, SupervisorEnv } from "@/lib/platform/env";
import type { ChildCommand } from "./child-process-part";

/** Everything that the commands of the parts are made from. */
export type Installation = {
  readonly root: string;
  readonly home: string;
  readonly env: SupervisorEnv;
  readonly credentials: CredentialsFile;
  /** Made by this start; people have not seen them yet. */
  readonly credentialsAreNew: boolean;
  /** Where this machine reaches the console, whatever its public address is. */
  readonly consoleAddress: string;
  readonly secretKey: string;
  readonly ports: {
    readonly console: number;
    readonly postgres: number;
    readonly tablestore: number;
    readonly objectStore: number;
  };
  /** Environment that every part gets: the caller's without what is a secret or ours. */
  readonly commonEnv: Readonly<Record<string, string>>;
};

const typescript = ["--enable-source-maps", "--import", "tsx"];

export function objectStoreCommand(installation: Installation): ChildCommand {
  const { objectStore } = installation.credentials;
  return {
    name: "object-store",
    args: [...typescript, "workers/local/object-store/main.ts"],
    cwd: installation.root,
    env: {
      ...installation.commonEnv,
      CULVERT_HOST: installation.env.CULVERT_HOST,
      OBJECT_STORE_PORT: String(installation.ports.objectStore),
      OBJECT_STORE_REGION: objectStore.region,
      OBJECT_STORE_ACCESS_KEY_ID: objectStore.accessKeyId,
      OBJECT_STORE_SECRET_ACCESS_KEY: objectStore.secretAccessKey,
      OBJECT_STORE_DATA: path.join(installation.home, "object-store"),
    },
  };
}

export function tablestoreCommand(installation: Installation, databaseUrl: string): ChildCommand {
  const { tablestore } = installation.credentials;
  return {
    name: "tablestore",
    args: [...typescript, "workers/tablestore/main.ts"],
    cwd: installation.root,
    env: {
      ...installation.commonEnv,
      ...databaseEnv(installation, databaseUrl),
      CULVERT_HOST: installation.env.CULVERT_HOST,
      TABLESTORE_PORT: String(installation.ports.tablestore),
      TABLESTORE_INSTANCE: installation.env.TABLESTORE_INSTANCE,
      TABLESTORE_ACCESS_KEY_ID: tablestore.accessKeyId,
      TABLESTORE_ACCESS_KEY_SECRET: tablestore.accessKeySecret,
      TABLESTORE_DATA: path.join(installation.home, "tablestore"),
    },
  };
}

export function consoleCommand(installation: Installation, databaseUrl: string): ChildCommand {
  const { env, ports, credentials } = installation;
  return {
    name: "console",
    args: ["workers/local/console.mjs", "-H", env.CULVERT_HOST, "-p", String(ports.console)],
    cwd: installation.root,
    env: {
      ...installation.commonEnv,
      ...databaseEnv(installation, databaseUrl),
      CULVERT_HOME: installation.home,
      // The console makes the administrator, the key, the source and the destination from the file.
      CULVERT_BOOTSTRAP: "1",
      CULVERT_HOST: env.CULVERT_HOST,
      PORT: String(ports.console),
      CULVERT_PUBLIC_URL: credentials.console.endpoint,
      TABLESTORE_INSTANCE: env.TABLESTORE_INSTANCE,
      OBJECT_STORE_BUCKET: env.OBJECT_STORE_BUCKET,
    },
  };
}

/** `ordinal` counts from 1; the only worker of an installation has no number in its name. */
export function deliveryWorkerCommand(
  installation: Installation,
  databaseUrl: string,
  ordinal: number,
): ChildCommand {
  const isOnly = installation.env.CULVERT_DELIVERY_WORKERS === 1;
  return {
    name: isOnly ? "delivery" : `delivery-${ordinal}`,
    args: [...typescript, "workers/delivery/main.ts"],
    cwd: installation.root,
    env: {
      ...installation.commonEnv,
      ...databaseEnv(installation, databaseUrl),
      CULVERT_HOME: installation.home,
    },
  };
}

export function demoCommand(
  installation: Installation,
  options: { readonly rows: number; readonly rate: number },
): ChildCommand {
  return {
    name: "demo",
    args: [
      ...typescript,
      "workers/local/demo.ts",
      "--rows",
      String(options.rows),
      "--rate",
      String(options.rate),
    ],
    cwd: installation.root,
    env: {
      ...installation.commonEnv,
      CULVERT_HOME: installation.home,
      TABLESTORE_INSTANCE: installation.env.TABLESTORE_INSTANCE,
    },
  };
}

function databaseEnv(installation: Installation, databaseUrl: string): Record<string, string> {
  return { DATABASE_URL: databaseUrl, CULVERT_SECRET_KEY: installation.secretKey };
}

/**
 * The caller's environment for the parts: PATH, locale, proxies and tuning pass; npm's own
 * variables and everything the supervisor settles itself do not, so that a part gets only the
 * secrets it needs.
 */
export function commonEnvOf(env: Environment, settled: readonly string[]): Record<string, string> {
  const drop = new Set(settled);
  const passed = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !drop.has(entry[0]) && !/^npm_/i.test(entry[0]),
  );
  // People read this terminal: a part that works has nothing to say there.
  return { LOG_LEVEL: "warn", ...Object.fromEntries(passed) };
}
