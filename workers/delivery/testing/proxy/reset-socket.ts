import type { Socket } from "node:net";

/**
 * Breaks a connection as the death of its other side does. One whose end was sent already cannot be reset:
 * Node would only say so (EINVAL) and keep its handle open, on which the process waits for ever at its end.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
