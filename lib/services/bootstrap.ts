import { readFile } from "node:fs/promises";
import path from "node:path";
import { defaultKeyHasher } from "@better-auth/api-key";
import {
  type CredentialsFile,
  credentialsFileName,
  credentialsFileSchema,
  embeddedId,
} from "@/lib/contracts/credentials-file";
import { createDestination, getDestination, updateDestination } from "@/lib/db/destinations";
import { createSource, getSource, updateSource } from "@/lib/db/sources";
import { decryptSecret, encryptSecret } from "@/lib/platform/secret";
import type { Auth } from "./auth";
import { usuallyPathStyle } from "./destinations";
import type { ServiceDependencies } from "./service-dependencies";

type Needs = Pick<ServiceDependencies, "database" | "secretKey" | "log"> & { readonly auth: Auth };

/** The parts' names in their own services. */
export type EmbeddedNames = { readonly instance: string; readonly bucket: string };

const keyName = "credentials.json";

/** The file, or null while it is not there. Throws when it holds something else. */
export async function readCredentialsFile(home: string): Promise<CredentialsFile | null> {
  const text = await readFile(path.join(home, credentialsFileName), "utf8").catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return null;
      throw error;
    },
  );
  if (text === null) return null;
  const parsed = credentialsFileSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  // Not the parser's own words: they can quote the file.
  throw new Error(`${credentialsFileName} does not hold credentials`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Makes what the credentials file names and brings what is there to what it says: the administrator,
 * the API key, and the source and destination `embedded`. Safe to repeat; of two that run at once on
 * an empty database one may fail and has to be repeated. The file rules at each start: so a password
 * is reset on a machine whose console nobody can sign in to.
 */
export async function bootstrap(
  needs: Needs,
  credentials: CredentialsFile,
  names: EmbeddedNames,
): Promise<void> {
  const userId = await ensureAdministrator(needs, credentials.console);
  await ensureApiKey(needs, userId, credentials.console.apiKey);
  await ensureSource(needs, credentials.tablestore, names.instance);
  await ensureDestination(needs, credentials.objectStore, names.bucket);
}

async function ensureAdministrator(
  { auth, log }: Needs,
  { email, password }: CredentialsFile["console"],
): Promise<string> {
  const { internalAdapter, password: passwords } = await auth.$context;
  const address = email.toLowerCase();
  const found = await internalAdapter.findUserByEmail(address, { includeAccounts: true });
  if (!found) {
    const user = await internalAdapter.createUser(
      { email: address, name: "Administrator", emailVerified: true, role: "administrator" },
      { method: "admin" },
    );
    await internalAdapter.linkAccount({
      userId: user.id,
      providerId: "credential",
      accountId: user.id,
      password: await passwords.hash(password),
    });
    log.info({ userId: user.id }, "administrator made");
    return user.id;
  }
  const { user, accounts } = found;
  const account = accounts.find(({ providerId }) => providerId === "credential");
  if (!account) {
    const hash = await passwords.hash(password);
    await internalAdapter.linkAccount({
      userId: user.id,
      providerId: "credential",
      accountId: user.id,
      password: hash,
    });
  } else if (!(await passwords.verify({ hash: account.password ?? "", password }))) {
    await internalAdapter.updatePassword(user.id, await passwords.hash(password));
    log.info({ userId: user.id }, "administrator's password set from the credentials file");
  }
  await internalAdapter.updateUser(user.id, { role: "administrator" });
  return user.id;
}

/** The plugin makes keys with random values only, so the row is written as the plugin would. */
async function ensureApiKey({ auth, log }: Needs, userId: string, key: string): Promise<void> {
  const { adapter } = await auth.$context;
  const hash = await defaultKeyHasher(key);
  const ours = [
    { field: "referenceId", value: userId },
    { field: "name", value: keyName },
  ];
  const known = await adapter.findMany<{ id: string; key: string }>({
    model: "apikey",
    where: ours,
  });
  for (const { id } of known.filter((row) => row.key !== hash)) {
    await adapter.delete({ model: "apikey", where: [{ field: "id", value: id }] });
  }
  if (known.some((row) => row.key === hash)) return;
  const now = new Date();
  await adapter.create({
    model: "apikey",
    data: {
      configId: "default",
      name: keyName,
      start: key.slice(0, 6),
      prefix: null,
      referenceId: userId,
      key: hash,
      enabled: true,
      rateLimitEnabled: false,
      requestCount: 0,
      createdAt: now,
      updatedAt: now,
    },
  });
  log.info({ userId }, "API key made");
}

async function ensureSource(
  { database, secretKey }: Needs,
  { endpoint, accessKeyId, accessKeySecret }: CredentialsFile["tablestore"],
  instance: string,
): Promise<void> {
  const wanted = { endpoint, instance, accessKeyId };
  const stored = await getSource(database, embeddedId);
  if (!stored) {
    const secret = encryptSecret(accessKeySecret, secretKey);
    await createSource(database, {
      id: embeddedId,
      name: "Embedded table store",
      kind: "tablestore",
      ...wanted,
      secret,
    });
  } else if (differs(stored, wanted) || !holds(stored.secret, accessKeySecret, secretKey)) {
    const secret = encryptSecret(accessKeySecret, secretKey);
    await updateSource(database, embeddedId, { ...wanted, secret });
  }
}

/** The bucket is the destination's first one only: a person may have chosen another since. */
async function ensureDestination(
  { database, secretKey }: Needs,
  { endpoint, region, accessKeyId, secretAccessKey }: CredentialsFile["objectStore"],
  bucket: string,
): Promise<void> {
  const wanted = { endpoint, region, accessKeyId, forcePathStyle: usuallyPathStyle(endpoint) };
  const stored = await getDestination(database, embeddedId);
  if (!stored) {
    const secret = encryptSecret(secretAccessKey, secretKey);
    await createDestination(database, {
      id: embeddedId,
      name: "Embedded object store",
      ...wanted,
      bucket,
      secret,
    });
  } else if (differs(stored, wanted) || !holds(stored.secret, secretAccessKey, secretKey)) {
    const secret = encryptSecret(secretAccessKey, secretKey);
    await updateDestination(database, embeddedId, { ...wanted, secret });
  }
}

function differs(stored: object, wanted: object): boolean {
  return Object.entries(wanted).some(([field, value]) => Reflect.get(stored, field) !== value);
}

/** False too for a secret sealed with another key: then it has to be sealed anew. */
function holds(sealed: string, secret: string, key: Buffer): boolean {
  try {
    return decryptSecret(sealed, key) === secret;
  } catch {
    return false;
  }
}
