import { z } from "zod";

/**
 * The only place that reads the environment. Each process parses what it needs once, at start;
 * every problem is printed at once and values never are, because some are secrets.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

const port = z.coerce.number().int().min(0).max(65_535);
const secretText = z.string().min(8);
const databaseUrl = z.string().regex(/^postgres(ql)?:\/\//, "must be a postgresql:// URL");
const instanceName = z.string().regex(/^[a-zA-Z0-9_-]+$/);
const secretKey = z
  .string()
  .refine((text) => Buffer.from(text, "base64").length === 32, "must be 32 bytes in base64");

const databaseSchema = z.object({
  DATABASE_URL: databaseUrl,
  /** Encrypts sources' and destinations' secrets at rest. */
  CULVERT_SECRET_KEY: secretKey,
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
  /** "1": at start, make what credentials.json names: administrator, API key, embedded parts. */
  CULVERT_BOOTSTRAP: z.string().optional(),
  /** What the embedded source and destination are called in their own service. */
  TABLESTORE_INSTANCE: instanceName.default("culvert"),
  OBJECT_STORE_BUCKET: z.string().default("culvert-demo"),
});

const deliveryWorkerSchema = databaseSchema.extend({
  /** How long a worker may be silent before others take its channels over. */
  CULVERT_LEASE_MS: z.coerce.number().int().min(500).max(60_000).default(5_000),
  /** Bytes of open rows, parts on their way and pages of records, over all channels. */
  CULVERT_MEMORY_BUDGET_BYTES: z.coerce
    .number()
    .int()
    .min(64 * 1024 * 1024)
    .default(512 * 1024 * 1024),
  /** Merges lie under its tmp folder while they are carried out. */
  CULVERT_HOME: z.string().default(".culvert"),
  /** Merging waits while the machine's load average is above this a core. */
  CULVERT_MERGE_LOAD_MAX: z.coerce.number().positive().default(1.5),
});

const tablestoreSchema = z.object({
  CULVERT_HOST: z.string().default("127.0.0.1"),
  TABLESTORE_PORT: port.default(8087),
  TABLESTORE_INSTANCE: instanceName.default("culvert"),
  TABLESTORE_ACCESS_KEY_ID: z.string().min(4),
  TABLESTORE_ACCESS_KEY_SECRET: secretText,
  /** Directory of the LevelDB database. */
  TABLESTORE_DATA: z.string(),
  /** Stream channels of a new table. */
  TABLESTORE_CHANNELS: z.coerce.number().int().min(1).max(64).default(2),
  /** With the key, the table store answers the Delivery API on the console's tasks. */
  DATABASE_URL: databaseUrl.optional(),
  CULVERT_SECRET_KEY: secretKey.optional(),
});

const objectStoreSchema = z.object({
  CULVERT_HOST: z.string().default("127.0.0.1"),
  OBJECT_STORE_PORT: port.default(9000),
  OBJECT_STORE_REGION: z.string().default("us-east-1"),
  OBJECT_STORE_ACCESS_KEY_ID: z.string().min(4),
  OBJECT_STORE_SECRET_ACCESS_KEY: secretText,
  OBJECT_STORE_DATA: z.string(),
  /** JSON: further keys, each all-powerful unless narrowed; for trying out refusals. */
  OBJECT_STORE_EXTRA_KEYS: z
    .string()
    .default("[]")
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: "custom", message: "must be JSON" });
        return z.NEVER;
      }
    })
    .pipe(
      z.array(
        z.object({
          accessKeyId: z.string().min(4),
          secretAccessKey: secretText,
          readOnly: z.boolean().optional(),
          buckets: z.array(z.string()).optional(),
        }),
      ),
    ),
});

/** What is configured from outside is not started; its credentials then come from outside too. */
const supervisorSettings = z.object({
  PORT: port.default(3000),
  TABLESTORE_PORT: port.default(8087),
  OBJECT_STORE_PORT: port.default(9000),
  CULVERT_HOST: z.string().default("127.0.0.1"),
  CULVERT_PUBLIC_URL: z.url().optional(),
  CULVERT_DELIVERY_WORKERS: z.coerce.number().int().min(0).max(64).default(1),
  CULVERT_ADMIN_EMAIL: z.email().optional(),
  CULVERT_ADMIN_PASSWORD: secretText.optional(),
  CULVERT_API_KEY: z.string().min(32).optional(),
  CULVERT_SECRET_KEY: secretKey.optional(),
  DATABASE_URL: databaseUrl.optional(),
  TABLESTORE_ENDPOINT: z.url().optional(),
  TABLESTORE_INSTANCE: instanceName.default("culvert"),
  TABLESTORE_ACCESS_KEY_ID: z.string().min(4).optional(),
  TABLESTORE_ACCESS_KEY_SECRET: secretText.optional(),
  OBJECT_STORE_ENDPOINT: z.url().optional(),
  OBJECT_STORE_REGION: z.string().default("us-east-1"),
  OBJECT_STORE_BUCKET: z.string().default("culvert-demo"),
  OBJECT_STORE_ACCESS_KEY_ID: z.string().min(4).optional(),
  OBJECT_STORE_SECRET_ACCESS_KEY: secretText.optional(),
});
/** The variables that the supervisor settles for its parts; no part inherits them as they are. */
export const supervisorVariables: readonly string[] = Object.keys(supervisorSettings.shape);

/** Whoever names an endpoint of their own has to bring its keys too. */
const companions = {
  TABLESTORE_ENDPOINT: ["TABLESTORE_ACCESS_KEY_ID", "TABLESTORE_ACCESS_KEY_SECRET"],
  OBJECT_STORE_ENDPOINT: ["OBJECT_STORE_ACCESS_KEY_ID", "OBJECT_STORE_SECRET_ACCESS_KEY"],
} as const;

function describeMissingCompanions(env: Environment): string[] {
  return Object.entries(companions)
    .filter(([endpoint]) => env[endpoint] !== undefined)
    .flatMap(([endpoint, keys]) =>
      keys
        .filter((key) => env[key] === undefined)
        .map((key) => `  ${key}: is needed because ${endpoint} is set`),
    );
}

/** A setting that cannot work. The message lists every problem; it goes to a terminal as it is. */
export class EnvError extends Error {
  override readonly name = "EnvError";
}

function parseEnv<T extends z.ZodType>(
  schema: T,
  env: Environment,
  furtherProblems: readonly string[] = [],
): z.infer<T> {
  const parsed = schema.safeParse(env);
  if (parsed.success && furtherProblems.length === 0) return parsed.data;
  const issues = parsed.success ? [] : parsed.error.issues;
  const problems = [
    ...issues.map((issue) => `  ${issue.path.join(".")}: ${issue.message}`),
    ...furtherProblems,
  ];
  throw new EnvError(`These settings cannot work:\n${problems.join("\n")}`);
}

export type ConsoleEnv = z.infer<typeof consoleSchema>;
export const consoleEnv = (env: Environment = process.env): ConsoleEnv =>
  parseEnv(consoleSchema, env);
export const deliveryWorkerEnv = (
  env: Environment = process.env,
): z.infer<typeof deliveryWorkerSchema> => parseEnv(deliveryWorkerSchema, env);
export type TablestoreEnv = z.infer<typeof tablestoreSchema>;
export const tablestoreEnv = (env: Environment = process.env): TablestoreEnv =>
  parseEnv(tablestoreSchema, env);
export const objectStoreEnv = (env: Environment = process.env): z.infer<typeof objectStoreSchema> =>
  parseEnv(objectStoreSchema, env);
export type SupervisorEnv = z.infer<typeof supervisorSettings>;
/** A variable that is set but empty counts as not set, as people leave them in env files. */
export function supervisorEnv(env: Environment = process.env): SupervisorEnv {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  return parseEnv(supervisorSettings, set, describeMissingCompanions(set));
}
export const logEnv = (env: Environment = process.env): z.infer<typeof logSchema> =>
  parseEnv(logSchema, env);

/** Whether a supervisor holds the other end of standard input; see process-end.ts. */
export const isSupervised = (env: Environment = process.env): boolean =>
  env.CULVERT_SUPERVISED === "1";
