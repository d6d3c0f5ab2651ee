import { createServer, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { json } from "node:stream/consumers";
import { invariant, toAppError } from "@/lib/core/error";
import { errorCodes } from "@/lib/core/error-codes";
import { createDatabase } from "@/lib/db/client";
import { systemClock } from "@/lib/platform/clock";
import { commitUploadSession } from "@/lib/services/commit-upload-session";
import { createConnections } from "@/lib/services/create-connections";
import { createStreamSession } from "@/lib/services/stream-sessions";
import { createStreams } from "@/lib/services/streams/streams";
import { createUploadSession } from "@/lib/services/upload-sessions";
import { writeUploadBlock } from "@/lib/services/write-block";
import { writeStreamFlush } from "@/lib/services/write-flush";
import { createWriteGate } from "@/lib/services/write-gate";

/**
 * The part of a console that takes rows into datasets, made to be killed: the whole console takes
 * seconds to start. Answers the API's own routes of upload and stream sessions, to anybody.
 */
const database = createDatabase(process.env.DATABASE_URL ?? "");
const connections = createConnections(Buffer.from(process.env.CULVERT_SECRET_KEY ?? "", "base64"));
const shared = { database, connections, clock: systemClock, now: systemClock.now };
const services = {
  ...shared,
  home: process.env.CULVERT_HOME ?? "",
  writes: createWriteGate(systemClock.monotonic),
  streams: createStreams(shared),
};

type Answer = (names: readonly string[], request: IncomingMessage) => Promise<object>;

const routes: readonly {
  readonly method: string;
  readonly path: RegExp;
  readonly answer: Answer;
}[] = [
  {
    ...{ method: "POST", path: /^\/datasets\/([^/]+)\/upload-sessions$/ },
    answer: async ([name = ""], request) =>
      createUploadSession(services, name, await json(request)),
  },
  {
    ...{ method: "PUT", path: /^\/datasets\/([^/]+)\/upload-sessions\/([^/]+)\/blocks\/(\d+)$/ },
    answer: ([name = "", id = "", block = ""], request) =>
      writeUploadBlock(services, { name, id, block }, rowsOf(request)),
  },
  {
    ...{ method: "POST", path: /^\/datasets\/([^/]+)\/upload-sessions\/([^/]+)\/commit$/ },
    answer: async ([name = "", id = ""], request) =>
      commitUploadSession(services, name, id, await json(request)),
  },
  {
    ...{ method: "POST", path: /^\/datasets\/([^/]+)\/stream-sessions$/ },
    answer: async ([name = ""], request) =>
      createStreamSession(services, name, await json(request)),
  },
  {
    ...{ method: "PUT", path: /^\/datasets\/([^/]+)\/stream-sessions\/([^/]+)\/flushes\/([^/]+)$/ },
    answer: ([name = "", id = "", flushId = ""], request) =>
      writeStreamFlush(services, { name, id, flushId }, "", rowsOf(request)),
  },
];

function rowsOf(request: IncomingMessage) {
  return {
    body: Readable.toWeb(request) as ReadableStream<Uint8Array>,
    contentType: "application/x-ndjson",
    contentLength: request.headers["content-length"] ?? null,
  };
}

async function answer(request: IncomingMessage): Promise<{ status: number; body: object }> {
  const route = routes.find(
    ({ method, path }) => method === request.method && path.test(request.url ?? ""),
  );
  invariant(route, `Nothing answers ${request.method} ${request.url}`);
  const [, ...names] = route.path.exec(request.url ?? "") ?? [];
  try {
    return { status: 200, body: await route.answer(names, request) };
  } catch (thrown) {
    const { code, message } = toAppError(thrown);
    return { status: errorCodes[code].httpStatus, body: { code, message } };
  }
}

createServer((request, response) => {
  answer(request).then(
    ({ status, body }) => response.writeHead(status).end(JSON.stringify(body)),
    (thrown) => response.destroy(thrown as Error),
  );
}).listen(Number(process.env.PORT), "127.0.0.1", () => process.stdout.write("ready\n"));
process.stdin.resume().once("end", () => process.exit());
