import type { DestinationView } from "@/lib/contracts/destination-body";
import type { Page } from "@/lib/contracts/paging";
import type { SourceView } from "@/lib/contracts/source-body";
import type { Problem } from "@/lib/core/problem";
import { endpointOf } from "./wire-delivery";

/** Where this table store can be reached, as far as it knows itself. */
export type OwnAddress = {
  readonly instance: string;
  readonly host: string;
  readonly port: number;
};

/** Id of the source and destination that an installation makes by itself: first among equals. */
const embeddedId = "embedded";
const ownHosts = new Set(["127.0.0.1", "localhost", "[::1]"]);
const everyHost = new Set(["0.0.0.0", "::"]);

/** Whether the source reads this very table store. */
export function isOwnSource(source: Pick<SourceView, "endpoint" | "instance">, own: OwnAddress) {
  if (source.instance !== own.instance || !URL.canParse(source.endpoint)) return false;
  const { hostname, port, protocol } = new URL(source.endpoint);
  if (Number(port || (protocol === "https:" ? 443 : 80)) !== own.port) return false;
  return everyHost.has(own.host) || hostname === own.host || ownHosts.has(hostname);
}

/** The installation's own first, then by name. */
export function embeddedFirst<T extends { readonly id: string; readonly name: string }>(
  places: readonly T[],
): T[] {
  const rank = ({ id, name }: T) => `${id === embeddedId ? 0 : 1}${name}`;
  return [...places].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

/**
 * The destination that a request means: the one with its bucket, and among several the one at its
 * endpoint. Credentials are no part of the API, so somebody has to have added it.
 */
export function chooseDestination(
  destinations: readonly DestinationView[],
  bucket: string,
  endpoint: string | undefined,
): { readonly destination: DestinationView } | { readonly problem: Problem } {
  const candidates = embeddedFirst(destinations.filter((each) => each.bucket === bucket));
  const [first] = candidates;
  const field = "taskConfig.ossBucket";
  if (!first) {
    const message = `Culvert has no destination with the bucket ${bucket.slice(0, 100)}; add it in the console.`;
    return { problem: { field, message } };
  }
  if (candidates.length === 1) return { destination: first };
  const wanted = hostOf(endpoint ?? "");
  const destination = candidates.find((each) => hostOf(endpointOf(each)) === wanted);
  if (destination) return { destination };
  const places = candidates.map(endpointOf).join(", ");
  const message = `Several destinations have the bucket ${bucket}, at ${places}; name the endpoint of one of them.`;
  return { problem: { field: "taskConfig.ossEndpoint", message } };
}

/** Host and port; SDKs leave the protocol out. */
function hostOf(endpoint: string): string {
  const url = /^[a-z]+:[/][/]/i.test(endpoint) ? endpoint : `https://${endpoint}`;
  return URL.canParse(url) ? new URL(url).host.toLowerCase() : endpoint;
}

/** Every item of a list that comes in pages. */
export async function readAllPages<T>(
  readPage: (query: { cursor?: string | undefined; limit: number }) => Promise<Page<T>>,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await readPage({ cursor, limit: 500 });
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return items;
}
