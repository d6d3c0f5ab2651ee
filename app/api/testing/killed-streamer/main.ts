import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { toAppError } from "@/lib/core/error";
import { errorCodes } from "@/lib/core/error-codes";
import { createDatabase } from "@/lib/db/client";
import type { StoredDestination } from "@/lib/db/destinations";
import { systemClock } from "@/lib/platform/clock";
import { decryptSecret } from "@/lib/platform/secret";
import { createStreams } from "@/lib/services/streams/streams";
import { writeStreamFlush } from "@/lib/services/write-flush";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import { createFinisher } from "../finisher";

/**
 * The part of a console that takes flushes, or the part of a delivery worker that finishes commits, made
 * to be killed. A console answers `PUT /<dataset>/<session>/<flush id>?<partition>` and says its port.
 *
 *   node --import tsx main.ts console|worker
 */
const secretKey = Buffer.from(process.env.CULVERT_SECRET_KEY ?? "", "base64");
const database = createDatabase(process.env.DATABASE_URL ?? "");
const connections = {
  openSource: () => {
    throw new Error("A stream reads no source");
  },
  openStore: ({ secret, endpoint, ...destination }: StoredDestination) =>
    createS3ObjectStore({
      ...destination,
      endpoint: endpoint ?? undefined,
      secretAccessKey: decryptSecret(secret, secretKey),
    }),
};
/** Only what streams need: the whole console takes seconds to load, twenty times over. */
const services = {
  ...{ database, connections, clock: systemClock, now: systemClock.now },
  streams: createStreams({ database, connections, clock: systemClock }),
};

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost");
  const [, name = "", id = "", flushId = ""] = url.pathname.split("/");
  const body = Readable.toWeb(request) as ReadableStream<Uint8Array>;
  const rows = {
    ...{ body, contentType: "application/x-ndjson" },
    contentLength: request.headers["content-length"] ?? null,
  };
  try {
    const view = await writeStreamFlush(services, { name, id, flushId }, url.search.slice(1), rows);
    response.writeHead(200).end(JSON.stringify(view));
  } catch (thrown) {
    const { code, message } = toAppError(thrown);
    response.writeHead(errorCodes[code].httpStatus).end(`${code}: ${message}`);
  }
}

if (process.argv[2] === "worker") {
  process.stdout.write("ready 0\n");
  void createFinisher(services).finisher.run(new AbortController().signal);
} else {
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, "127.0.0.1", () => {
    process.stdout.write(`ready ${(server.address() as AddressInfo).port}\n`);
  });
}
