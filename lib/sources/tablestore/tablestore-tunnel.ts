import { AppError } from "@/lib/core/error";
import type {
  AdmitPage,
  ChannelKind,
  ChannelReport,
  ChannelStatus,
  Tunnel,
  TunnelCheckpoint,
  TunnelDescription,
  TunnelStage,
} from "@/lib/core/ports/table-source";
import type { TablestoreClient } from "@/lib/tablestore/client";
import { TablestoreError } from "@/lib/tablestore/error-body";
import type { Message } from "@/lib/tablestore/messages";
import type { OperationName, RequestOf, ResponseOf } from "@/lib/tablestore/operations";
import type { EnumValue } from "@/lib/tablestore/schema/enums";
import { classifySourceError } from "./classify-source-error";
import { TablestoreRecordPage } from "./record-page";

export type TunnelIdentity = {
  readonly table: string;
  readonly name: string;
  readonly tunnelId: string;
};

const wireStatuses: Readonly<Record<ChannelStatus, EnumValue<"ChannelStatus">>> = {
  open: "OPEN",
  closing: "CLOSING",
  closed: "CLOSE",
  terminated: "TERMINATED",
};
const statuses: Readonly<Record<EnumValue<"ChannelStatus">, ChannelStatus>> = {
  OPEN: "open",
  CLOSING: "closing",
  CLOSE: "closed",
  TERMINATED: "terminated",
};
const describedStatuses: ReadonlyMap<string, "waiting" | ChannelStatus> = new Map<
  string,
  "waiting" | ChannelStatus
>([["WAIT", "waiting"], ...Object.entries(statuses)]);
const stages: ReadonlyMap<string, TunnelStage> = new Map([
  ["InitBaseDataAndStreamShard", "initialising"],
  ["ProcessBaseData", "base"],
  ["ProcessStream", "stream"],
]);
const kinds: ReadonlyMap<string, ChannelKind> = new Map([
  ["BaseData", "base"],
  ["Stream", "stream"],
]);
const nanosecondsPerMs = 1_000_000n;

/** One tunnel of the Tunnel Service, seen as one client. Tokens are opaque but for `finished`. */
export class TablestoreTunnel implements Tunnel {
  readonly #client: TablestoreClient;
  readonly #identity: TunnelIdentity;

  constructor(client: TablestoreClient, identity: TunnelIdentity) {
    this.#client = client;
    this.#identity = identity;
  }

  async connect(request: { timeoutSeconds: number; tag: string }): Promise<string> {
    const clientConfig = { timeout: BigInt(request.timeoutSeconds), clientTag: request.tag };
    const { tunnelId } = this.#identity;
    return (await this.#call("Connect", { tunnelId, clientConfig })).clientId;
  }

  async heartbeat(clientId: string, channels: readonly ChannelReport[]): Promise<ChannelReport[]> {
    const response = await this.#call("Heartbeat", {
      tunnelId: this.#identity.tunnelId,
      clientId,
      channels: channels.map(({ channelId, version, status }) => ({
        channelId,
        version,
        status: wireStatuses[status],
      })),
    });
    return response.channels.map(({ channelId, version, status }) => ({
      channelId,
      version,
      status: statuses[status],
    }));
  }

  async describe(): Promise<TunnelDescription> {
    const { table, name, tunnelId } = this.#identity;
    const response = await this.#call("DescribeTunnel", {
      tableName: table,
      tunnelName: name,
      tunnelId,
    });
    return {
      stage: known(stages, response.tunnel.stage, "stage"),
      expired: response.tunnel.expired ?? false,
      channels: response.channels.map(toChannel),
    };
  }

  async readCheckpoint(clientId: string, channelId: string): Promise<TunnelCheckpoint> {
    const { tunnelId } = this.#identity;
    const request = { tunnelId, clientId, channelId };
    const { checkpoint, sequenceNumber } = await this.#call("GetCheckpoint", request);
    return { checkpoint, sequenceNumber };
  }

  /**
   * A compare-and-swap. When the service refuses the number, the stored checkpoint is read again: if
   * it is ours, an earlier try had arrived and only its answer was lost.
   */
  async writeCheckpoint(
    clientId: string,
    channelId: string,
    position: TunnelCheckpoint,
  ): Promise<void> {
    const { tunnelId } = this.#identity;
    try {
      await this.#client.call("Checkpoint", { tunnelId, clientId, channelId, ...position });
    } catch (thrown) {
      const refusal = this.#classify("Checkpoint", thrown);
      if (!isSequenceMismatch(thrown)) throw refusal;
      const stored = await this.readCheckpoint(clientId, channelId);
      if (stored.checkpoint !== position.checkpoint) throw refusal;
    }
  }

  async readRecords(
    clientId: string,
    channelId: string,
    checkpoint: string,
    admit?: AdmitPage,
  ): Promise<TablestoreRecordPage> {
    const { tunnelId } = this.#identity;
    const request = { tunnelId, clientId, channelId, token: checkpoint };
    try {
      return new TablestoreRecordPage(await this.#client.readRecords(request, admit));
    } catch (thrown) {
      throw this.#classify("ReadRecords", thrown);
    }
  }

  /** A client that the service no longer knows is shut down already. */
  async shutdown(clientId: string): Promise<void> {
    const { tunnelId } = this.#identity;
    try {
      await this.#call("Shutdown", { tunnelId, clientId });
    } catch (thrown) {
      if (!(thrown instanceof AppError && thrown.code === "source.client_gone")) throw thrown;
    }
  }

  async #call<O extends OperationName>(
    operation: O,
    request: RequestOf<O>,
  ): Promise<ResponseOf<O>> {
    try {
      return await this.#client.call(operation, request);
    } catch (thrown) {
      throw this.#classify(operation, thrown);
    }
  }

  #classify(operation: OperationName, thrown: unknown): AppError {
    const { table, name } = this.#identity;
    return classifySourceError(thrown, { operation, table, tunnel: name });
  }
}

function isSequenceMismatch(thrown: unknown): boolean {
  return thrown instanceof TablestoreError && thrown.code === "OTSSequenceNumberNotMatch";
}

function toChannel(channel: Message<"ChannelInfo">): TunnelDescription["channels"][number] {
  const { channelId, clientId, channelRpo, channelCount } = channel;
  const kind = known(kinds, channel.channelType ?? "", "channel type");
  // The service's default is 1970, which says nothing; for base data the point means nothing.
  const isConsumePoint = kind === "stream" && channelRpo !== undefined && channelRpo > 0n;
  return {
    channelId,
    kind,
    status: known(describedStatuses, channel.channelStatus ?? "", "channel status"),
    clientId: clientId === undefined || clientId === "" ? null : clientId,
    consumedThroughMs: isConsumePoint ? Number(channelRpo / nanosecondsPerMs) : null,
    rows: channelCount ?? null,
  };
}

function known<T>(values: ReadonlyMap<string, T>, name: string, what: string): T {
  const value = values.get(name);
  if (value !== undefined) return value;
  const reason = `unknown ${what} "${name.slice(0, 64)}"`;
  throw new AppError("source.record_corrupt", `DescribeTunnel: ${reason}`, { details: { reason } });
}
