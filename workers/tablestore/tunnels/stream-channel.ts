import type { LogChannel } from "../store/stream-log";
import { streamToken } from "./channel-token";
import type { ChannelDocument, ChannelSource } from "./tunnel";

/** A stream channel of a tunnel, with nobody reading it yet. */
export function streamChannel(
  { id, ordinal }: LogChannel,
  source: ChannelSource,
  start: Parameters<typeof streamToken>[1],
  order: Pick<ChannelDocument, "parents" | "hasEnd">,
): ChannelDocument {
  return {
    id,
    kind: "stream",
    status: "wait",
    version: 0,
    owner: null,
    ...order,
    source,
    token: streamToken(ordinal, start),
    sequenceNumber: 0,
  };
}
