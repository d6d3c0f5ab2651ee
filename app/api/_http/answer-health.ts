import { checkHealth } from "@/lib/services/check-health";
import { consoleServices } from "@/lib/services/console-services";
import { problemResponse } from "./problem-response";

/** Needs no key. 200 when every part serves, else 503 with the same body. */
export async function answerHealth(): Promise<Response> {
  try {
    const { database, home, env } = consoleServices();
    const health = await checkHealth({
      database,
      home,
      bootstraps: env.CULVERT_BOOTSTRAP === "1",
    });
    const status = health.ok ? 200 : 503;
    return Response.json(health, { status, headers: { "cache-control": "no-store" } });
  } catch (thrown) {
    return problemResponse(thrown);
  }
}
