import type { IncomingMessage, ServerResponse } from "node:http";

/** A transfer that moves fewer than `bytesMin` bytes within a whole window is cut off. */
export type TrafficLimits = { readonly windowMs: number; readonly bytesMin: number };

export const trafficDefaults: TrafficLimits = { windowMs: 30_000, bytesMin: 1024 };

type Transfer = {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  bytes: number;
};

/**
 * Connections and files are finite, so neither a sender that stops in the middle nor a reader that
 * does not read may keep them. Time that this process needs for itself does not count.
 */
export function createTrafficGuard(limits: TrafficLimits) {
  const transfers = new Set<Transfer>();
  const timer = setInterval(() => {
    for (const transfer of transfers) {
      const { message, response } = transfer;
      const bytes = bytesOf(message);
      const moves = !message.complete || (response.headersSent && !response.writableFinished);
      if (moves && bytes - transfer.bytes < limits.bytesMin) message.socket.destroy();
      transfer.bytes = bytes;
    }
  }, limits.windowMs);
  timer.unref();
  return {
    watch(message: IncomingMessage, response: ServerResponse): void {
      // A transfer that begins within a window is only measured from the next one on.
      const transfer = { message, response, bytes: Number.NEGATIVE_INFINITY };
      transfers.add(transfer);
      response.once("close", () => transfers.delete(transfer));
    },
    stop: () => clearInterval(timer),
  };
}

function bytesOf({ socket }: IncomingMessage): number {
  return socket.bytesRead + socket.bytesWritten;
}
