/** A channel's account and position, read before its batches. */
export type ChannelEntry = {
  readonly channelId: string;
  readonly lane: number;
  /** Number of the last decided batch; 0 before the first. */
  readonly batchNumber: number;
  readonly checkpoint: string;
  readonly records: number;
  readonly rows: number;
  readonly deletesIgnored: number;
  readonly dirtyRecords: number;
};

export type BatchEntry = {
  readonly number: number;
  readonly startCheckpoint: string;
  readonly endCheckpoint: string;
  readonly records: number;
  readonly rows: number;
  readonly deletesIgnored: number;
  readonly dirtyRecords: number;
  /** Sum over the row objects that the ledger names for it. */
  readonly rowsInObjects: number;
};

/**
 * What does not fit together in a channel's batches. `number`: a batch is not there (D4). `range`: it
 * starts elsewhere than the one before ended, so records are left out or in two batches (D1).
 * `account`: consumed is not delivered + dirty + ignored deletes (D2). `rows`: its objects hold other
 * rows than it delivered. `total`, `position`: the channel says another sum, or another end.
 */
export type BatchGap = {
  readonly channelId: string;
  readonly lane: number;
  readonly batchNumber: number;
  readonly what: "number" | "range" | "account" | "rows" | "total" | "position";
};

type Sums = Pick<ChannelEntry, "records" | "rows" | "deletesIgnored" | "dirtyRecords">;

/** A channel's batches as far as they were looked at. */
export type ChannelCheck = {
  readonly channel: ChannelEntry;
  readonly last: BatchEntry | null;
  readonly sums: Sums;
};

export function startChannelCheck(channel: ChannelEntry): ChannelCheck {
  const sums = { records: 0, rows: 0, deletesIgnored: 0, dirtyRecords: 0 };
  return { channel, last: null, sums };
}

/** Takes the next batch, in the order of their numbers. */
export function checkBatch(
  { channel, last, sums }: ChannelCheck,
  batch: BatchEntry,
): { readonly check: ChannelCheck; readonly gaps: BatchGap[] } {
  const expected = (last?.number ?? 0) + 1;
  const found: BatchGap["what"][] = [];
  if (batch.number !== expected) found.push("number");
  if (last && batch.number === expected && batch.startCheckpoint !== last.endCheckpoint)
    found.push("range");
  if (batch.records !== batch.rows + batch.deletesIgnored + batch.dirtyRecords)
    found.push("account");
  if (batch.rowsInObjects !== batch.rows) found.push("rows");
  return {
    check: { channel, last: batch, sums: add(sums, batch) },
    gaps: found.map((what) => gapIn(channel, batch.number, what)),
  };
}

/** After the last batch up to the channel's own number. */
export function endChannelCheck({ channel, last, sums }: ChannelCheck): BatchGap[] {
  const found: BatchGap["what"][] = [];
  if ((last?.number ?? 0) !== channel.batchNumber) found.push("number");
  else if (last && last.endCheckpoint !== channel.checkpoint) found.push("position");
  if (
    sums.records !== channel.records ||
    sums.rows !== channel.rows ||
    sums.deletesIgnored !== channel.deletesIgnored ||
    sums.dirtyRecords !== channel.dirtyRecords
  ) {
    found.push("total");
  }
  return found.map((what) => gapIn(channel, channel.batchNumber, what));
}

function gapIn(
  { channelId, lane }: ChannelEntry,
  batchNumber: number,
  what: BatchGap["what"],
): BatchGap {
  return { channelId, lane, batchNumber, what };
}

function add(sums: Sums, batch: Sums): Sums {
  return {
    records: sums.records + batch.records,
    rows: sums.rows + batch.rows,
    deletesIgnored: sums.deletesIgnored + batch.deletesIgnored,
    dirtyRecords: sums.dirtyRecords + batch.dirtyRecords,
  };
}
