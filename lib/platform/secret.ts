import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const algorithm = "aes-256-gcm";
const version = "v1";

/**
 * Secrets at rest: AES-256-GCM under the installation's key, a fresh nonce each time.
 * Stored form: `v1.<nonce>.<tag>.<ciphertext>`, base64url.
 */
export function encryptSecret(plain: string, key: Buffer): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv(algorithm, key, nonce);
  const sealed = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
  return [version, nonce, cipher.getAuthTag(), sealed]
    .map((part) => (typeof part === "string" ? part : part.toString("base64url")))
    .join(".");
}

/** Throws when the text was not made by this key: a wrong CULVERT_SECRET_KEY must not look like a wrong password. */
export function decryptSecret(stored: string, key: Buffer): string {
  const [storedVersion, nonce, tag, sealed] = stored.split(".");
  if (
    storedVersion !== version ||
    nonce === undefined ||
    tag === undefined ||
    sealed === undefined
  ) {
    throw new Error("A stored secret has an unknown form");
  }
  const decipher = createDecipheriv(algorithm, key, Buffer.from(nonce, "base64url"));
  decipher.setAuthTag(Buffer.from(tag, "base64url"));
  return Buffer.concat([
    decipher.update(Buffer.from(sealed, "base64url")),
    decipher.final(),
  ]).toString("utf8");
}

/** A random secret of `bytes` bytes as base64url text. */
export function randomSecret(bytes: number): string {
  return randomBytes(bytes).toString("base64url");
}
