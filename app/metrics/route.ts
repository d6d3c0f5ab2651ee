import { consoleLog, consoleServices } from "@/lib/services/console-services";
import { metricsContentType, renderMetrics } from "@/lib/services/render-metrics";
import { problemResponse } from "../api/_http/problem-response";

export const dynamic = "force-dynamic";

/** Prometheus text. Needs no key: it holds counts only. */
export async function GET(): Promise<Response> {
  try {
    const text = await renderMetrics(consoleServices().database);
    return new Response(text, {
      headers: { "content-type": metricsContentType, "cache-control": "no-store" },
    });
  } catch (thrown) {
    consoleLog().error(
      { message: thrown instanceof Error ? thrown.message : "failed" },
      "no metrics",
    );
    return problemResponse(thrown);
  }
}
