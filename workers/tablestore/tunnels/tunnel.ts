import type { BaseCut } from "../store/base-cut";
import type { ChannelState, ClientState, TunnelState } from "./tunnel-state";

export type TunnelTypeName = "BaseData" | "Stream" | "BaseAndStream";

/** A tunnel as it is stored (JSON under its id); its channels are stored beside it. */
export type TunnelDocument = {
  readonly id: string;
  readonly name: string;
  readonly tableName: string;
  readonly tableId: number;
  readonly type: TunnelTypeName;
  readonly streamId: string;
  /** As the request had it; nanoseconds as decimal text. */
  readonly start: {
    readonly flag: "LATEST" | "EARLIEST" | null;
    readonly startOffsetNs: string | null;
    readonly endOffsetNs: string | null;
  };
  readonly createdAtMs: number;
  /** The snapshot that base channels read; null when there are none. */
  readonly cut: {
    readonly id: number;
    readonly sequence: number;
    readonly atMs: number;
    readonly timeToLiveSeconds: number;
  } | null;
  /** When maintenance found that records it had yet to read are gone, epoch ms. */
  readonly expiredAtMs: number | null;
  readonly clients: readonly Pick<ClientState, "id" | "timeoutMs" | "isReading">[];
  readonly gone: readonly string[];
};

/** What a channel is besides its state of scheduling. */
export type ChannelSource =
  | {
      readonly kind: "base";
      /** Bounds of the row keys, in hexadecimal. */
      readonly start: string;
      readonly end: string;
    }
  | {
      readonly kind: "stream";
      readonly ordinal: number;
      /** Records written from this time on, µs, are not given, and the channel ends there. */
      readonly endUs: number | null;
    };

/** A channel as it is stored (JSON under tunnel and channel id). */
export type ChannelDocument = ChannelState & {
  readonly source: ChannelSource;
  readonly token: string;
  readonly sequenceNumber: number;
};

/** A tunnel while the process runs. The commit loop alone changes it. */
export type Tunnel = {
  document: Omit<TunnelDocument, "clients" | "gone">;
  /** Scheduling facts; `state.channels` and `channels` have the same channels in the same order. */
  state: TunnelState;
  readonly channels: Map<string, ChannelDocument>;
  /** Null once the snapshot is no longer needed. */
  cut: BaseCut | null;
};
