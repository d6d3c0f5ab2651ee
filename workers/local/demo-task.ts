import type { CredentialsFile } from "@/lib/contracts/credentials-file";
import { embeddedId } from "@/lib/contracts/credentials-file";
import { type ObjectView, objectPageSchema } from "@/lib/contracts/task-lists";
import { tableName } from "./demo-table";

export const taskName = "orders-lake";
const requestMsMax = 30_000;

export type DemoTask = {
  /** Makes the task unless it is there; resolves with whether it had to. */
  create(): Promise<boolean>;
  /** Leaves out what is there now: the next call of newObjects tells only what comes. */
  skipPresent(): Promise<void>;
  /** Objects that became visible since the last call, oldest first. */
  newObjects(): Promise<ObjectView[]>;
};

/** The sample task, made and watched through the REST API as any program would. */
export function openDemoTask(console: CredentialsFile["console"]): DemoTask {
  const seen = new Set<string>();
  /** Decided at or before this instant (ISO, so it compares as text): told by an earlier start. */
  let horizon = "";
  const request = (path: string, init: RequestInit = {}) =>
    fetch(`${console.endpoint}/api/v1${path}`, {
      ...init,
      headers: { authorization: `Bearer ${console.apiKey}`, "content-type": "application/json" },
      signal: AbortSignal.timeout(requestMsMax),
    });
  const listPage = async (cursor: string | null) => {
    const query = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const response = await request(`/tasks/${taskName}/objects?limit=100${query}`);
    if (!response.ok) throw new Error(`The objects cannot be listed (${response.status})`);
    return objectPageSchema.parse(await response.json());
  };
  return {
    create: async () => {
      const response = await request("/tasks", {
        method: "POST",
        body: JSON.stringify({
          name: taskName,
          sourceId: embeddedId,
          table: tableName,
          destinationId: embeddedId,
          prefix: "orders/year=$yyyy/month=$MM/day=$dd",
          mode: "differential",
          schema: { kind: "auto" },
          flush: { seconds: 5 },
        }),
      });
      if (response.status === 201) return true;
      if (response.status === 409) return false;
      throw new Error(`The task was refused (${response.status}): ${await response.text()}`);
    },
    skipPresent: async () => {
      horizon = (await listPage(null)).items[0]?.decidedAt ?? "";
    },
    newObjects: async () => {
      const found: ObjectView[] = [];
      let cursor: string | null = null;
      do {
        const page = await listPage(cursor);
        const fresh = page.items.filter(
          ({ objectId, decidedAt, publishedAt }) =>
            publishedAt !== null && decidedAt > horizon && !seen.has(objectId),
        );
        found.push(...fresh);
        // Newest first: a page without anything new ends the news, but for the few not visible yet.
        cursor = fresh.length === 0 ? null : page.nextCursor;
      } while (cursor !== null);
      for (const { objectId } of found) seen.add(objectId);
      return found.reverse();
    },
  };
}
