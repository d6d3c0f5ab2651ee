import { AppError } from "@/lib/core/error";

/** The largest body that means something: 2,048 mapped columns with long names. */
export const bodyBytesMax = 2 * 1024 * 1024;

/**
 * The body as JSON. Throws `request.malformed` or `request.too_large`; what is too large is not read
 * to its end. The content type matters: a form on another site cannot send JSON without asking first.
 */
export async function readJson(request: Request): Promise<unknown> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") throw malformed("The content type is not application/json.");
  const bytes = await readBounded(request);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw malformed("The body is not JSON.");
  }
}

async function readBounded(request: Request): Promise<Uint8Array> {
  if (Number(request.headers.get("content-length") ?? 0) > bodyBytesMax) throw tooLarge();
  if (!request.body) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let byteLength = 0;
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    byteLength += read.value.byteLength;
    if (byteLength > bodyBytesMax) {
      await reader.cancel();
      throw tooLarge();
    }
    chunks.push(read.value);
  }
  return Buffer.concat(chunks);
}

function malformed(reason: string): AppError {
  return new AppError("request.malformed", reason, { details: { reason } });
}

function tooLarge(): AppError {
  return new AppError("request.too_large", "The body is too large", {
    details: { bytesMax: bodyBytesMax },
  });
}
