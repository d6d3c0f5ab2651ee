import { createDatabase } from "@/lib/db/client";
import type { StoredDestination } from "@/lib/db/destinations";
import { systemClock } from "@/lib/platform/clock";
import { decryptSecret } from "@/lib/platform/secret";
import { commitUploadSession } from "@/lib/services/commit-upload-session";
import {
  abortUploadSession,
  createUploadSession,
  listUploadSessions,
} from "@/lib/services/upload-sessions";
import { writeUploadBlock } from "@/lib/services/write-block";
import { createWriteGate } from "@/lib/services/write-gate";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";

export type UploadServices = ReturnType<typeof openUploadServices>;

/** Only what uploads need, from the environment: the whole console takes seconds to load. */
export function openUploadServices() {
  const secretKey = Buffer.from(process.env.CULVERT_SECRET_KEY ?? "", "base64");
  return {
    database: createDatabase(process.env.DATABASE_URL ?? ""),
    connections: {
      openSource: () => {
        throw new Error("An upload reads no source");
      },
      openStore: ({ secret, endpoint, ...destination }: StoredDestination) =>
        createS3ObjectStore({
          ...destination,
          endpoint: endpoint ?? undefined,
          secretAccessKey: decryptSecret(secret, secretKey),
        }),
    },
    now: systemClock.now,
    clock: systemClock,
    writes: createWriteGate(systemClock.monotonic),
    home: process.env.CULVERT_HOME ?? "",
  };
}

/** A killed process leaves sessions that nobody will commit, and an overwrite meets them. */
export async function abortLeftOver(
  services: UploadServices,
  dataset: string,
  partition: string,
): Promise<void> {
  const { items } = await listUploadSessions(services, dataset, { limit: 500 });
  for (const session of items) {
    if (session.partition !== partition || session.status !== "normal") continue;
    await abortUploadSession(services, dataset, session.id);
  }
}

type UploadNeeds = Parameters<typeof writeUploadBlock>[0] &
  Parameters<typeof commitUploadSession>[0];

export type Upload = {
  readonly partition?: string;
  readonly overwrite?: boolean;
  /** One object each; a row is an object, or the JSON text of one. */
  readonly blocks: readonly (readonly (object | string)[])[];
};

/** A whole session: begun, written, committed, and by a finisher made visible. Gives its id. */
export async function uploadRows(
  services: UploadNeeds,
  dataset: string,
  { partition = "", overwrite = false, blocks }: Upload,
  onBegun: (id: string) => void = () => undefined,
): Promise<{ readonly id: string; readonly status: string }> {
  const { id } = await createUploadSession(services, dataset, { partition, overwrite });
  onBegun(id);
  for (const [block, rows] of blocks.entries()) {
    const lines = rows.map(lineOf).join("");
    const body = new Blob([lines]).stream() as ReadableStream<Uint8Array>;
    const incoming = { body, contentType: "application/x-ndjson", contentLength: null };
    await writeUploadBlock(services, { name: dataset, id, block: String(block) }, incoming);
  }
  const list = { blocks: blocks.map((_, block) => block) };
  const { status } = await commitUploadSession(services, dataset, id, list);
  return { id, status };
}

function lineOf(row: object | string): string {
  return `${typeof row === "string" ? row : JSON.stringify(row)}\n`;
}
