import { z } from "zod";
import type { Auth } from "./auth";
import type { Actor } from "./authenticate";
import type { Recent } from "./recent";
import type { SignInLimit } from "./sign-in-limit";

const signInPath = "/api/auth/sign-in/email";
const bodyBytesMax = 16 * 1024;
const signInBody = z.object({ email: z.string() });

type Needs = {
  readonly auth: Auth;
  readonly signInLimit: SignInLimit;
  readonly actors: Pick<Recent<Actor>, "forget">;
};

/**
 * better-auth's own routes, with a limit on how often an account's password may be tried. Who signs out,
 * or takes a session or a key back, is believed at once.
 */
export async function handleAuth(needs: Needs, request: Request): Promise<Response> {
  try {
    return await answerAuth(needs, request);
  } finally {
    if (request.method !== "GET") needs.actors.forget();
  }
}

async function answerAuth(needs: Needs, request: Request): Promise<Response> {
  const bounded = await boundBody(request);
  if (bounded === null) return Response.json({ message: "Too large" }, { status: 413 });
  if (new URL(request.url).pathname !== signInPath) return needs.auth.handler(bounded);
  const account = await accountOf(bounded);
  if (!needs.signInLimit.begin(account)) {
    const headers = { "retry-after": "60" };
    return Response.json({ message: "Too many attempts" }, { status: 429, headers });
  }
  const response = await needs.auth.handler(bounded);
  if (response.ok) needs.signInLimit.succeeded(account);
  return response;
}

/** The request with its body read, or null when it is too large: a chunked one does not say so before. */
async function boundBody(request: Request): Promise<Request | null> {
  if (!request.body) return request;
  const chunks: Uint8Array[] = [];
  let byteLength = 0;
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    byteLength += read.value.byteLength;
    if (byteLength > bodyBytesMax) {
      await reader.cancel();
      return null;
    }
    chunks.push(read.value);
  }
  const { method, headers, url } = request;
  return new Request(url, { method, headers, body: Buffer.concat(chunks) });
}

/** Bodies without an address share a count: none of them can succeed. */
async function accountOf(request: Request): Promise<string> {
  const body: unknown = await request
    .clone()
    .json()
    .catch(() => null);
  const parsed = signInBody.safeParse(body);
  return parsed.success ? parsed.data.email : "";
}
