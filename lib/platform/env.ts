import path from "node:path";
import { z } from "zod";

/**
 * The only place that reads the environment. Each process parses what it needs once, at start;
 * every problem is printed at once and values never are, because some are secrets.
 */
const port = z.coerce.number().int().min(0).max(65_535);
const secretText = z.string().min(8);

const databaseSchema = z.object({
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, "must be a postgresql:// URL"),
  /** 32 bytes in base64: encrypts sources' and destinations' secrets at rest. */
  CULVERT_SECRET_KEY: z
    .string()
    .refine((text) => Buffer.from(text, "base64").length === 32, "must be 32 bytes in base64"),
});

const logSchema = z.object({
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
});

const consoleSchema = databaseSchema.extend({
  PORT: port.default(3000),
  CULVERT_HOST: z.string().default("127.0.0.1"),
  /** What people type into their browser; cookies and redirects follow it. */
  CULVERT_PUBLIC_URL: z.url().optional(),
  /** Where the administrator's and the embedded parts' credentials are. */
  CULVERT_HOME: z.string().default(".culvert"),
});

const deliveryWorkerSchema = databaseSchema.extend({
  /** How long a worker may be silent before others take its channels over. */
  CULVERT_LEASE_MS: z.coerce.number().int().min(500).max(60_000).default(5_000),
  /** Bytes of open column pages over all partitions. */
  CULVERT_MEMORY_BUDGET_BYTES: z.coerce
    .number()
    .int()
    .min(16 * 1024 * 1024)
    .default(512 * 1024 * 1024),
});

const tablestoreSchema = z.object({
  CULVERT_HOST: z.string().default("127.0.0.1"),
  TABLESTORE_PORT: port.default(8087),
  TABLESTORE_INSTANCE: z
    .string()
    .regex(/^[a-zA-Z0-9_-]+$/)
    .default("culvert"),
  TABLESTORE_ACCESS_KEY_ID: z.string().min(4),
  TABLESTORE_ACCESS_KEY_SECRET: secretText,
  /** Directory of the LevelDB database. */
  TABLESTORE_DATA: z.string(),
  /** Stream channels of a new table. */
  TABLESTORE_CHANNELS: z.coerce.number().int().min(1).max(64).default(2),
});

const objectStoreSchema = z.object({
  CULVERT_HOST: z.string().default("127.0.0.1"),
  OBJECT_STORE_PORT: port.default(9000),
  OBJECT_STORE_REGION: z.string().default("us-east-1"),
  OBJECT_STORE_ACCESS_KEY_ID: z.string().min(4),
  OBJECT_STORE_SECRET_ACCESS_KEY: secretText,
  OBJECT_STORE_DATA: z.string(),
});

/** A setting that cannot work. The message lists every problem; it goes to a terminal as it is. */
export class EnvError extends Error {
  override readonly name = "EnvError";
}

function parseEnv<T extends z.ZodType>(schema: T, env: NodeJS.ProcessEnv): z.infer<T> {
  const parsed = schema.safeParse(env);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) => `  ${issue.path.join(".")}: ${issue.message}`,
  );
  throw new EnvError(`These settings cannot work:\n${problems.join("\n")}`);
}

export type ConsoleEnv = z.infer<typeof consoleSchema>;
export const consoleEnv = (env: NodeJS.ProcessEnv = process.env): ConsoleEnv =>
  parseEnv(consoleSchema, env);
export const deliveryWorkerEnv = (
  env: NodeJS.ProcessEnv = process.env,
): z.infer<typeof deliveryWorkerSchema> => parseEnv(deliveryWorkerSchema, env);
export const tablestoreEnv = (
  env: NodeJS.ProcessEnv = process.env,
): z.infer<typeof tablestoreSchema> => parseEnv(tablestoreSchema, env);
export const objectStoreEnv = (
  env: NodeJS.ProcessEnv = process.env,
): z.infer<typeof objectStoreSchema> => parseEnv(objectStoreSchema, env);
export const logEnv = (env: NodeJS.ProcessEnv = process.env): z.infer<typeof logSchema> =>
  parseEnv(logSchema, env);

/** All state of a one-machine installation, as an absolute path. */
export function homeDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return path.resolve(env["CULVERT_HOME"] ?? ".culvert");
}

/** Whether a supervisor holds the other end of standard input; see process-end.ts. */
export const isSupervised = (env: NodeJS.ProcessEnv = process.env): boolean =>
  env["CULVERT_SUPERVISED"] === "1";
