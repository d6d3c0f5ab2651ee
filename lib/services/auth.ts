import { hkdfSync } from "node:crypto";
import { apiKey } from "@better-auth/api-key";
import { betterAuth } from "better-auth";
import { prismaAdapter } from "better-auth/adapters/prisma";
import type { Database } from "@/lib/db/client";
import type { Log } from "@/lib/platform/log";

export type AuthSettings = {
  readonly database: Database;
  /** The installation's key; sessions are signed by a key derived from it. */
  readonly secretKey: Buffer;
  /** What people type into their browser, without a path. */
  readonly publicUrl: string;
  readonly log: Log;
};

const sessionSeconds = 7 * 24 * 3600;
const sessionRenewedAfterSeconds = 24 * 3600;

/**
 * Sign-in with email and password, sessions in the database, API keys kept as hashes. There is no
 * sign-up: the first administrator comes from the credentials file, others from an administrator.
 */
export function createAuth(settings: AuthSettings) {
  return betterAuth({
    appName: "Culvert",
    baseURL: settings.publicUrl,
    secret: sessionSecret(settings.secretKey),
    database: prismaAdapter(settings.database.prisma, { provider: "postgresql" }),
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: 8,
      maxPasswordLength: 128,
    },
    user: {
      additionalFields: {
        role: { type: "string", required: false, defaultValue: "viewer", input: false },
      },
    },
    session: { expiresIn: sessionSeconds, updateAge: sessionRenewedAfterSeconds },
    plugins: [
      apiKey({
        rateLimit: { enabled: false },
        enableMetadata: false,
        enableSessionForAPIKeys: false,
      }),
    ],
    // The credentials file makes the administrator and the key, and rules again at each start.
    disabledPaths: [
      "/api-key/create",
      "/api-key/update",
      "/change-email",
      "/change-password",
      "/delete-user",
      "/update-user",
    ],
    rateLimit: {
      enabled: true,
      window: 60,
      max: 600,
      // sign-in-limit.ts counts those per account.
      customRules: { "/sign-in/email": false },
    },
    trustedOrigins: (request) => {
      const origin = request ? originOfHost(request, settings.publicUrl) : null;
      return [settings.publicUrl, origin];
    },
    advanced: {
      cookiePrefix: "culvert",
      useSecureCookies: settings.publicUrl.startsWith("https://"),
      ipAddress: { ipAddressHeaders: [] },
    },
    telemetry: { enabled: false },
    logger: {
      disabled: false,
      level: "warn",
      log: (level, message) => logFor(settings.log, level, message),
    },
  });
}
export type Auth = ReturnType<typeof createAuth>;

/** The origin a browser has when it talks to the address that the request was sent to. */
export function originOfHost(request: Request, publicUrl: string): string | null {
  const host = request.headers.get("host");
  if (host === null) return null;
  return `${publicUrl.startsWith("https://") ? "https" : "http"}://${host}`;
}

function sessionSecret(secretKey: Buffer): string {
  const key = hkdfSync("sha256", secretKey, "", "culvert console sessions", 32);
  return Buffer.from(key).toString("base64url");
}

/** Arguments beside the message are dropped: they can hold what a person typed. */
function logFor(log: Log, level: string, message: string): void {
  if (level === "error") log.error({ part: "auth" }, message);
  else log.warn({ part: "auth" }, message);
}
