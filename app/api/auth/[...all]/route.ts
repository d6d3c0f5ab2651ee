import { consoleLog, consoleServices } from "@/lib/services/console-services";
import { handleAuth } from "@/lib/services/handle-auth";
import { problemResponse } from "../../_http/problem-response";

/** Sign-in, sign-out and sessions are better-auth's own routes. */
async function answer(request: Request): Promise<Response> {
  try {
    return await handleAuth(consoleServices(), request);
  } catch (thrown) {
    consoleLog().error(
      { message: thrown instanceof Error ? thrown.message : "failed" },
      "sign-in failed",
    );
    return problemResponse(thrown);
  }
}

export const GET = answer;
export const POST = answer;
