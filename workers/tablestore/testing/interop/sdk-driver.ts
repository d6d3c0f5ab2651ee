import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Program } from "@/lib/platform/testing/provide-program";

/**
 * What the row and tunnel scenarios ask of every SDK, as JSON, so that one scenario holds all of
 * them to the same. The programs in `workers/tablestore/interop` speak it on their standard
 * streams, one line per request and answer; numbers that a double cannot hold are text.
 */
export type SdkValue =
  | { readonly type: "integer" | "string"; readonly value: string }
  /** 16 hexadecimal digits of the IEEE bits, big-endian: infinities and NaN have no JSON. */
  | { readonly type: "double"; readonly value: string }
  | { readonly type: "boolean"; readonly value: "true" | "false" }
  /** Base64. */
  | { readonly type: "binary"; readonly value: string }
  | { readonly type: "min" | "max" | "auto"; readonly value: "" };

export type KeyColumn = { readonly name: string } & SdkValue;
/** `at` is the cell's timestamp, epoch ms; absent in a write, the server gives one. */
export type Cell = { readonly name: string; readonly at?: string } & SdkValue;
export type SdkRow = { readonly key: readonly KeyColumn[]; readonly columns: readonly Cell[] };

export type Filter =
  | {
      readonly kind: "compare";
      readonly column: string;
      readonly operator: "=" | "!=" | ">" | ">=" | "<" | "<=";
      readonly value: SdkValue;
      readonly passIfMissing: boolean;
      readonly latestOnly: boolean;
    }
  | { readonly kind: "and" | "or" | "not"; readonly of: readonly Filter[] }
  | { readonly kind: "page"; readonly offset: number; readonly limit: number };

export type Write = {
  readonly kind: "put" | "update" | "delete";
  readonly table: string;
  readonly key: readonly KeyColumn[];
  readonly put?: readonly Cell[];
  readonly deleteColumns?: readonly string[];
  readonly deleteVersions?: readonly { readonly name: string; readonly at: string }[];
  readonly increments?: readonly { readonly name: string; readonly by: string }[];
  readonly expect?: "IGNORE" | "EXPECT_EXIST" | "EXPECT_NOT_EXIST";
  readonly condition?: Filter;
  readonly returnKey?: boolean;
};

export type KeySchema = {
  readonly name: string;
  readonly type: "integer" | "string" | "binary";
  readonly auto?: boolean;
};

type DeliveryTaskType = "BASE" | "INC" | "BASE_INC";
export type DeliveryConfig = {
  readonly prefix: string;
  readonly bucket: string;
  readonly endpoint: string;
  readonly role: string;
  readonly eventTime?: { readonly column: string; readonly format: string };
  readonly schema: readonly {
    readonly column: string;
    readonly name: string;
    /** By the numbers of the wire's enum. */
    readonly type: number;
    readonly encode: number;
  }[];
};
type TaskOfTable = { readonly table: string; readonly name: string };

/** Each operation's request and answer. */
export type SdkOperations = {
  createTable: [
    { table: string; key: readonly KeySchema[]; versions?: number; streamHours?: number },
    object,
  ];
  describeTable: [{ table: string }, { key: KeySchema[]; versions: number }];
  listTables: [object, { tables: string[] }];
  deleteTable: [{ table: string }, object];
  write: [Write, { key: KeyColumn[] | null }];
  batchWrite: [{ writes: readonly Write[] }, { results: { ok: boolean; code?: string }[] }];
  getRow: [
    {
      table: string;
      key: readonly KeyColumn[];
      columns?: readonly string[];
      versions?: number;
      filter?: Filter;
    },
    { row: SdkRow | null },
  ];
  getRange: [
    {
      table: string;
      backward?: boolean;
      from: readonly KeyColumn[];
      to: readonly KeyColumn[];
      limit?: number;
      filter?: Filter;
    },
    { rows: SdkRow[]; next: KeyColumn[] | null },
  ];
  batchGet: [
    { table: string; keys: readonly (readonly KeyColumn[])[] },
    { rows: (SdkRow | null)[] },
  ];
  createTunnel: [{ table: string; name: string }, { id: string }];
  describeTunnel: [
    TaskOfTable,
    { stage: string; channels: { id: string; type: string; status: string }[] },
  ];
  listTunnels: [{ table: string }, { names: string[] }];
  deleteTunnel: [TaskOfTable, object];
  createDeliveryTask: [TaskOfTable & { type: DeliveryTaskType; config: DeliveryConfig }, object];
  describeDeliveryTask: [
    TaskOfTable,
    {
      type: DeliveryTaskType;
      config: DeliveryConfig;
      phase: "INIT" | "FULL" | "INCR";
      /** Epoch ms. */
      through: string;
      error: "OK" | "UNAUTHORIZED" | "INVALID_OSS_BUCKET";
      detail: string;
    },
  ];
  listDeliveryTasks: [
    { table: string },
    { tasks: { table: string; name: string; type: DeliveryTaskType }[] },
  ];
  deleteDeliveryTask: [TaskOfTable, object];
};
export type SdkOperation = keyof SdkOperations;

/** What the service refused, as far as the SDK tells: its code, and its own words. */
export class SdkError extends Error {
  override readonly name = "SdkError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

export type SdkDriver = {
  call<O extends SdkOperation>(
    operation: O,
    request: SdkOperations[O][0],
  ): Promise<SdkOperations[O][1]>;
  close(): Promise<void>;
};

export type SdkAccess = {
  readonly port: number;
  readonly instance: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Java and Python can sign both ways. */
  readonly signature?: "v2" | "v4";
};

function programEnv(access: SdkAccess): Record<string, string> {
  return {
    SDK_ENDPOINT: `http://127.0.0.1:${access.port}`,
    SDK_INSTANCE: access.instance,
    SDK_ACCESS_KEY_ID: access.accessKeyId,
    SDK_ACCESS_KEY_SECRET: access.accessKeySecret,
    SDK_SIGNATURE: access.signature ?? "v2",
  };
}

/** Starts a program of `workers/tablestore/interop`; a further argument makes it a tunnel worker. */
export function spawnProgram(
  program: Program,
  access: SdkAccess,
  ...args: readonly string[]
): ChildProcess {
  return spawn(program.command, [...program.args, ...args], {
    // HOME and PATH for the runtimes; nothing else of the caller's may decide anything.
    env: {
      NODE_ENV: "test",
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      ...programEnv(access),
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
}

type Answer = { readonly ok?: object; readonly error?: { code: string; message: string } };

/** Calls are answered in order, one at a time. */
export function startDriver(program: Program, access: SdkAccess): SdkDriver {
  const child = spawnProgram(program, access);
  const waiting: { resolve(answer: Answer): void; reject(error: Error): void }[] = [];
  let complaints = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    complaints = `${complaints}${String(chunk)}`.slice(-4000);
  });
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
    waiting.shift()?.resolve(JSON.parse(line) as Answer);
  });
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => {
      for (const { reject } of waiting.splice(0)) {
        reject(new Error(`The program ended:\n${complaints}`));
      }
      resolve();
    });
    child.once("error", (error) => {
      complaints += error.message;
    });
  });
  // A program that ended is reported by the calls that wait for it.
  child.stdin?.on("error", () => {});
  return {
    async call(operation, request) {
      const answer = await new Promise<Answer>((resolve, reject) => {
        if (child.exitCode !== null) reject(new Error(`The program ended:\n${complaints}`));
        waiting.push({ resolve, reject });
        child.stdin?.write(`${JSON.stringify({ do: operation, ...request })}\n`);
      });
      if (answer.error) throw new SdkError(answer.error.code, answer.error.message);
      return answer.ok as never;
    },
    async close() {
      child.stdin?.end();
      const force = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(force);
    },
  };
}
