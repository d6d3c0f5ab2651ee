import { connect } from "node:net";
import type { HealthView } from "@/lib/contracts/health-view";
import { toAppError } from "@/lib/core/error";
import type { Database } from "@/lib/db/client";
import { countLiveWorkers } from "@/lib/db/workers";
import { readCredentialsFile } from "./bootstrap";
import { bootstrapDone } from "./bootstrap-state";

type Part = HealthView["parts"][number];
type Needs = {
  readonly database: Database;
  readonly home: string;
  /** Whether this process makes what the credentials file names, so that it must be done. */
  readonly bootstraps: boolean;
};

const connectTimeoutMs = 2_000;

/** Looks at every part now. Never throws: a look that fails is the part's answer. */
export async function checkHealth(needs: Needs): Promise<HealthView> {
  const credentials = await lookFor("credentials", async () => {
    const file = await readCredentialsFile(needs.home);
    if (!file) throw new Error("credentials.json is not there");
    return file;
  });
  const looks = [
    lookFor("database", () => needs.database.run((prisma) => prisma.$queryRaw`SELECT 1`)),
    lookFor("delivery_worker", async () => {
      if ((await countLiveWorkers(needs.database)) === 0) throw new Error("no worker is alive");
    }),
  ];
  if (needs.bootstraps) {
    looks.push(
      lookFor("bootstrap", async () => {
        if (!bootstrapDone()) throw new Error("still being set up");
      }),
    );
  }
  if (credentials.found) {
    const { tablestore, objectStore } = credentials.found;
    looks.push(lookFor("tablestore", () => reach(tablestore.endpoint)));
    looks.push(lookFor("object_store", () => reach(objectStore.endpoint)));
  }
  const parts = [credentials, ...(await Promise.all(looks))].map(({ part }) => part);
  return { ok: parts.every(({ ok }) => ok), parts };
}

async function lookFor<T>(
  name: Part["name"],
  look: () => Promise<T>,
): Promise<{ part: Part; found: T | null }> {
  try {
    const found = await look();
    return { part: { name, ok: true, detail: null }, found };
  } catch (thrown) {
    // The answer needs no key, so it tells the kind of failure and nothing that a library said.
    const error = toAppError(thrown);
    const detail = error.code === "internal.unexpected" ? plainDetail(thrown) : error.code;
    return { part: { name, ok: false, detail }, found: null };
  }
}

/** Our own plain errors are written for this answer; anything else only shows its code. */
function plainDetail(thrown: unknown): string {
  if (!(thrown instanceof Error)) return "failed";
  const code: unknown = Reflect.get(thrown, "code");
  if (typeof code === "string") return code;
  return Object.getPrototypeOf(thrown) === Error.prototype ? thrown.message : "failed";
}

/** Whether something accepts connections at the endpoint; says nothing to it. */
function reach(endpoint: string): Promise<void> {
  const { hostname, port, protocol } = new URL(endpoint);
  const options = {
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port || (protocol === "https:" ? 443 : 80)),
    timeout: connectTimeoutMs,
  };
  return new Promise((resolve, reject) => {
    const socket = connect(options);
    const end = (failure: Error | null) => {
      socket.destroy();
      if (failure) reject(failure);
      else resolve();
    };
    socket.once("connect", () => end(null));
    socket.once("timeout", () => end(new Error("does not answer")));
    socket.once("error", end);
  });
}
