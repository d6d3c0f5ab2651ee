import { z } from "zod";
import type { Auth } from "./auth";
import type { SignInLimit } from "./sign-in-limit";

const signInPath = "/api/auth/sign-in/email";
const signInBodyBytesMax = 16 * 1024;
const signInBody = z.object({ email: z.string() });

/** better-auth's own routes, with a limit on how often an account's password may be tried. */
export async function handleAuth(
  needs: { readonly auth: Auth; readonly signInLimit: SignInLimit },
  request: Request,
): Promise<Response> {
  if (Number(request.headers.get("content-length") ?? 0) > signInBodyBytesMax) {
    return Response.json({ message: "Too large" }, { status: 413 });
  }
  if (new URL(request.url).pathname !== signInPath) return needs.auth.handler(request);
  const account = await accountOf(request);
  if (!needs.signInLimit.begin(account)) {
    const headers = { "retry-after": "60" };
    return Response.json({ message: "Too many attempts" }, { status: 429, headers });
  }
  const response = await needs.auth.handler(request);
  if (response.ok) needs.signInLimit.succeeded(account);
  return response;
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
