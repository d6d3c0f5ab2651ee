import { AppError } from "@/lib/core/error";
import type { Clock } from "@/lib/platform/clock";

export type BodyLimits = {
  readonly clock: Pick<Clock, "sleep">;
  /** A body of which nothing comes for so long is cut. */
  readonly stallMs: number;
  readonly bytesMax: number;
  /** What Content-Length promises; null without one. */
  readonly bytesPromised: number | null;
};

/**
 * A request's body piece by piece, no faster than it is taken. Throws `session.body_stalled`,
 * `session.body_incomplete` when the connection ends before the body, or `session.block_too_large`.
 */
export async function* readBody(
  body: ReadableStream<Uint8Array> | null,
  limits: BodyLimits,
): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  let bytes = 0;
  try {
    for (;;) {
      const piece = await nextPiece(reader, limits);
      if (piece === null) break;
      bytes += piece.byteLength;
      if (bytes > limits.bytesMax) throw tooLarge(limits.bytesMax);
      yield piece;
    }
    if (limits.bytesPromised !== null && bytes < limits.bytesPromised) throw incomplete();
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function nextPiece(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  { clock, stallMs }: BodyLimits,
): Promise<Uint8Array | null> {
  const arrived = new AbortController();
  try {
    const read = reader.read().catch((cause: unknown) => {
      throw incomplete(cause);
    });
    const stall = clock.sleep(stallMs, arrived.signal).then(() => "stalled" as const);
    const first = await Promise.race([read, stall]);
    if (first === "stalled") throw stalled(stallMs);
    return first.done ? null : first.value;
  } finally {
    arrived.abort();
  }
}

function incomplete(cause?: unknown): AppError {
  return new AppError("session.body_incomplete", "The body broke off", { cause });
}

function stalled(stallMs: number): AppError {
  const details = { seconds: stallMs / 1_000 };
  return new AppError("session.body_stalled", "The body stalled", { details });
}

export function tooLarge(bytesMax: number): AppError {
  return new AppError("session.block_too_large", "The block is too large", {
    details: { bytesMax },
  });
}
