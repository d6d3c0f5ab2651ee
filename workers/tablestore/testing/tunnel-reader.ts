import { systemClock } from "@/lib/platform/clock";
import { TablestoreClient } from "@/lib/tablestore/client";
import { decodePlainRow } from "@/lib/tablestore/decode-plain-buffer";
import { encodePlainRow } from "@/lib/tablestore/encode-plain-buffer";
import { decodeMessage } from "@/lib/tablestore/messages";
import type { PlainCell, PlainRow, PlainValue } from "@/lib/tablestore/plain-row";
import { testAccess } from "./start-test-server";

/** A client that shows every refusal at once. */
export function connectClient(port: number): TablestoreClient {
  return new TablestoreClient({
    ...testAccess,
    endpoint: `http://127.0.0.1:${port}`,
    clock: systemClock,
    random: Math.random,
    retryTotalMs: 0,
  });
}

export type ReadRecord = {
  readonly action: "PUT_ROW" | "UPDATE_ROW" | "DELETE_ROW";
  readonly row: PlainRow;
  readonly origin: PlainRow | null;
};
export type ReadPage = {
  readonly records: readonly ReadRecord[];
  readonly nextToken: string;
  readonly mayMoreRecord: boolean | undefined;
};

export type ChannelRequest = {
  readonly tunnelId: string;
  readonly clientId: string;
  readonly channelId: string;
};

/** One page, every row decoded and its checksums verified. */
export async function readPage(
  client: TablestoreClient,
  channel: ChannelRequest,
  token: string,
): Promise<ReadPage> {
  const body = await client.readRecords({ ...channel, token });
  const { records, nextToken, mayMoreRecord } = decodeMessage("ReadRecordsResponse", body);
  return {
    records: records.map(({ actionType, record, originRecord }) => ({
      action: actionType,
      row: decodePlainRow(record),
      origin: originRecord === undefined ? null : decodePlainRow(originRecord),
    })),
    nextToken,
    mayMoreRecord,
  };
}

/** Reads on until the channel is finished or has nothing more. */
export async function readToEnd(
  client: TablestoreClient,
  channel: ChannelRequest,
  from: string,
): Promise<{ records: ReadRecord[]; token: string }> {
  const records: ReadRecord[] = [];
  let token = from;
  for (;;) {
    const page = await readPage(client, channel, token);
    records.push(...page.records);
    token = page.nextToken;
    if (token === "finished" || page.mayMoreRecord !== true) return { records, token };
  }
}

const plain = (
  name: string,
  value: PlainValue | null,
  more: Partial<PlainCell> = {},
): PlainCell => ({
  name,
  value,
  operation: null,
  timestampMs: null,
  ...more,
});

export const text = (name: string, value: string, more?: Partial<PlainCell>) =>
  plain(name, { type: "string", value }, more);
export const integer = (name: string, value: bigint | number, more?: Partial<PlainCell>) =>
  plain(name, { type: "integer", value: BigInt(value) }, more);
export const operation = (name: string, kind: PlainCell["operation"], more?: Partial<PlainCell>) =>
  plain(name, null, { operation: kind, ...more });

export function rowBytes(
  primaryKey: readonly PlainCell[],
  attributes: readonly PlainCell[] = [],
  deleteMarker = false,
): Uint8Array {
  return encodePlainRow({ primaryKey, attributes, deleteMarker, extension: null });
}

export const anyRow = { rowExistence: "IGNORE" } as const;
