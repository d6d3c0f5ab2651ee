import { createHash } from "node:crypto";
import { type Role, roleSchema, rolesWithin } from "@/lib/contracts/api-route";
import { AppError } from "@/lib/core/error";
import type { Database } from "@/lib/db/client";
import { type Auth, originOfHost } from "./auth";
import type { Recent } from "./recent";

/** Who asks. `via` tells a program from a person in the log. */
export type Actor = {
  readonly userId: string;
  readonly email: string;
  readonly role: Role;
  readonly via: "api_key" | "session";
};

type Needs = {
  readonly auth: Auth;
  readonly database: Database;
  readonly publicUrl: string;
  readonly actors: Recent<Actor>;
};

const bearerPattern = /^Bearer +([\x21-\x7e]{1,512})$/i;

/**
 * The actor of a request: by `Authorization: Bearer <apiKey>`, else by the session's cookie. Throws
 * `request.unauthenticated`; `request.cross_site` when a page of another site uses the cookie to
 * change something; `internal.database_unavailable` rather than "wrong key" while nobody can know.
 * Who only polls (`isPoll`) is not looked up each time: what `actors` keeps goes when somebody signs in
 * or out here.
 */
export async function authenticate(
  needs: Needs,
  request: Request,
  { isPoll = false } = {},
): Promise<Actor> {
  const look = (credential: string, find: () => Promise<Actor>) =>
    isPoll ? needs.actors.get(digest(credential), find) : find();
  const authorization = request.headers.get("authorization");
  if (authorization !== null)
    return look(authorization, () => authenticateKey(needs, authorization));
  const cookie = request.headers.get("cookie");
  if (cookie === null) throw unauthenticated();
  if (!isRead(request.method)) refuseCrossSite(request, needs.publicUrl);
  return look(cookie, () => authenticateSession(needs, request.headers));
}

/** Credentials themselves are not kept. */
function digest(credential: string): string {
  return createHash("sha256").update(credential).digest("base64");
}

async function authenticateSession(needs: Needs, headers: Headers): Promise<Actor> {
  const session = await needs.auth.api
    .getSession({ headers })
    .catch(() => null)
    .then((found) => found ?? databaseAnswers(needs.database));
  if (!session) throw unauthenticated();
  const { id, email, role } = session.user;
  return { userId: id, email, role: roleOf(role), via: "session" };
}

async function authenticateKey(needs: Needs, authorization: string): Promise<Actor> {
  const key = bearerPattern.exec(authorization)?.[1];
  if (key === undefined) throw unauthenticated();
  const { valid, key: found } = await needs.auth.api.verifyApiKey({ body: { key } });
  if (!valid || !found) {
    // The library answers "not valid" to any failure, its own database's included.
    await databaseAnswers(needs.database);
    throw unauthenticated();
  }
  const user = await needs.database.run((prisma) =>
    prisma.user.findUnique({ where: { id: found.referenceId } }),
  );
  if (!user) throw unauthenticated();
  return { userId: user.id, email: user.email, role: roleOf(user.role), via: "api_key" };
}

/** Throws `internal.database_unavailable` when it does not. */
async function databaseAnswers(database: Database): Promise<null> {
  await database.run((prisma) => prisma.$queryRaw`SELECT 1`);
  return null;
}

const isRead = (method: string): boolean => method === "GET" || method === "HEAD";

/** Browsers say where a request comes from; one that changes something and does not say is refused. */
function refuseCrossSite(request: Request, publicUrl: string): void {
  const origin = request.headers.get("origin");
  const site = request.headers.get("sec-fetch-site");
  const isOwn =
    origin === null
      ? site === "same-origin"
      : origin === new URL(publicUrl).origin || origin === originOfHost(request, publicUrl);
  if (!isOwn) throw new AppError("request.cross_site", "A cookie came with a foreign origin");
}

/** A role that this version does not know may look and change nothing. */
function roleOf(stored: string | null | undefined): Role {
  const parsed = roleSchema.safeParse(stored);
  return parsed.success ? parsed.data : "viewer";
}

/** Throws `request.forbidden` when the actor's role does not hold this one. */
export function requireRole(actor: Actor, least: Role): void {
  if (rolesWithin[actor.role].includes(least)) return;
  throw new AppError("request.forbidden", `${actor.role} does not hold ${least}`, {
    details: { role: least },
  });
}

function unauthenticated(): AppError {
  return new AppError("request.unauthenticated", "No valid session or API key");
}
