import { limits } from "../limits";

/**
 * Keys of the one LevelDB database: a namespace byte, then fixed-length big-endian numbers, then at
 * most one part of free length. LevelDB compares keys as unsigned bytes, so byte order is order.
 */
export const namespace = {
  /** The commit clock: last sequence and last time given. */
  clock: 0x01,
  /** Ranges that nobody reads any more and that are removed in the background. */
  garbage: 0x02,
  /** Table name → description. */
  table: 0x10,
  /** Table id, primary key → row. */
  row: 0x20,
  /** Channel ordinal, first sequence → the records of one commit. */
  log: 0x30,
  /** Channel ordinal → next sequence and last timestamp. */
  logHead: 0x31,
  /** Channel ordinal → first sequence that was not trimmed. */
  logTrim: 0x32,
  /** Cut id, table id, primary key → the row as it was at the cut. */
  baseImage: 0x40,
  /** Tunnel id → tunnel and its clients. */
  tunnel: 0x50,
  /** Tunnel id, channel id → channel state. */
  tunnelChannel: 0x51,
} as const;

/** Sequences take 48 bits: at a million a second they last nine years, and stay exact as numbers. */
const sequenceLength = 6;
const idLength = 4;

export function tableKey(name: string): Buffer {
  return Buffer.concat([Buffer.of(namespace.table), Buffer.from(name, "utf8")]);
}

export function tunnelKey(tunnelId: string): Buffer {
  return Buffer.concat([Buffer.of(namespace.tunnel), Buffer.from(tunnelId, "utf8")]);
}

/** Tunnel ids have one length, so channels of two tunnels never mix. */
export function tunnelChannelKey(tunnelId: string, channelId: string): Buffer {
  return Buffer.concat([
    Buffer.of(namespace.tunnelChannel),
    Buffer.from(`${tunnelId}/${channelId}`, "utf8"),
  ]);
}

export const clockKey: Buffer = Buffer.of(namespace.clock);

export function garbageKey(sequence: number): Buffer {
  return sequenceKey(namespace.garbage, 0, sequence);
}

export function logKey(channelOrdinal: number, firstSequence: number): Buffer {
  return sequenceKey(namespace.log, channelOrdinal, firstSequence);
}

/** The first sequence of the entry that a `logKey` names. */
export function sequenceOfLogKey(key: Buffer): number {
  return key.readUIntBE(1 + idLength, sequenceLength);
}

function sequenceKey(space: number, id: number, sequence: number): Buffer {
  const key = Buffer.allocUnsafe(1 + idLength + sequenceLength);
  key[0] = space;
  key.writeUInt32BE(id, 1);
  key.writeUIntBE(sequence, 1 + idLength, sequenceLength);
  return key;
}

/** A namespace and an id: also the prefix of everything kept under that id. */
export function idKey(space: number, id: number): Buffer {
  const key = Buffer.allocUnsafe(1 + idLength);
  key[0] = space;
  key.writeUInt32BE(id, 1);
  return key;
}

/** Prefix of a table's rows; a row key is this and the encoded primary key. */
export const rowPrefixLength = 1 + idLength;

/** Where the image of a row lies: the cut, then the row's own key without its namespace. */
export function baseImageKey(cutId: number, rowKey: Buffer): Buffer {
  const key = Buffer.allocUnsafe(rowPrefixLength + rowKey.length - 1);
  key[0] = namespace.baseImage;
  key.writeUInt32BE(cutId, 1);
  rowKey.copy(key, rowPrefixLength, 1);
  return key;
}

/** The row key that an image was kept for. */
export function rowKeyOfBaseImage(imageKey: Buffer): Buffer {
  const key = Buffer.allocUnsafe(imageKey.length - rowPrefixLength + 1);
  key[0] = namespace.row;
  imageKey.copy(key, 1, rowPrefixLength);
  return key;
}

/** The smallest key greater than every key that starts with `prefix`. */
export function endOfPrefix(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix);
  for (let at = end.length - 1; at >= 0; at--) {
    const byte = end[at] as number;
    if (byte < 0xff) {
      end[at] = byte + 1;
      return end.subarray(0, at + 1);
    }
  }
  throw new RangeError("No key is greater than a prefix of 0xff only");
}

/** The smallest key greater than `key`. */
export function keyAfter(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.of(0)]);
}

/**
 * Before each column's value: range ends that are less and greater than any value, so that a bound
 * with INF_MIN or INF_MAX in any column is an ordinary key.
 */
const columnMark = { infMin: 0x01, value: 0x10, infMax: 0xfe } as const;

/** Inside text and binary, zero is written as 00 FF, and 00 00 ends the column. */
const zeroEscape = 0xff;

/** A bounded scratch: 4 columns of 1 KB, each byte possibly escaped, and marks and terminators. */
const columnBytesMax = limits.keyValueBytes.max;
const columnsMax = limits.primaryKeyColumns.max;
const scratchLength = rowPrefixLength + columnsMax * (1 + 2 * columnBytesMax + 2);

/**
 * Builds one primary key at a time, column by column in schema order. The encoding keeps the order
 * of the protocol (INTEGER numeric, STRING and BINARY by unsigned bytes, columns left to right) and
 * is prefix-free, so no key can be read as another with fewer bytes.
 */
export class RowKeyWriter {
  readonly #bytes = Buffer.allocUnsafe(scratchLength);
  #length = 0;
  #firstColumnEnd = 0;

  start(tableId: number): void {
    this.#bytes[0] = namespace.row;
    this.#bytes.writeUInt32BE(tableId, 1);
    this.#length = rowPrefixLength;
    this.#firstColumnEnd = 0;
  }

  /** `source` holds the integer as 8 little-endian bytes at `at`. */
  putInteger(source: Buffer, at: number): void {
    const bytes = this.#bytes;
    let end = this.#length;
    bytes[end++] = columnMark.value;
    for (let byte = 7; byte >= 0; byte--) bytes[end++] = source[at + byte] as number;
    // Two's complement with its sign turned over sorts like the numbers do.
    bytes[end - 8] = (bytes[end - 8] as number) ^ 0x80;
    this.#endColumn(end);
  }

  /** source[start, end), at most 1 KB. */
  putBytes(source: Buffer, start: number, end: number): void {
    if (end - start > columnBytesMax) throw new RangeError("A primary key column exceeds 1 KB");
    const bytes = this.#bytes;
    let to = this.#length;
    bytes[to++] = columnMark.value;
    for (let at = start; at < end; at++) {
      const byte = source[at] as number;
      bytes[to++] = byte;
      if (byte === 0) bytes[to++] = zeroEscape;
    }
    bytes[to++] = 0;
    bytes[to++] = 0;
    this.#endColumn(to);
  }

  putInfMin(): void {
    this.#bytes[this.#length] = columnMark.infMin;
    this.#endColumn(this.#length + 1);
  }

  putInfMax(): void {
    this.#bytes[this.#length] = columnMark.infMax;
    this.#endColumn(this.#length + 1);
  }

  #endColumn(end: number): void {
    this.#length = end;
    if (this.#firstColumnEnd === 0) this.#firstColumnEnd = end;
  }

  /** FNV-1a over the partition key column: which channel the row's changes go to. */
  partitionHash(): number {
    let hash = 0x811c9dc5;
    for (let at = rowPrefixLength; at < this.#firstColumnEnd; at++) {
      hash = Math.imul(hash ^ (this.#bytes[at] as number), 0x01000193);
    }
    // FNV's high bits mix late, and channels are ranges of the hash: fold before use.
    hash ^= hash >>> 15;
    hash = Math.imul(hash, 0x85ebca6b);
    return (hash ^ (hash >>> 13)) >>> 0;
  }

  /** A copy of the key written so far. */
  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }
}
