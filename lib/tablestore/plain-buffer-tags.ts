/** Bytes of the PlainBuffer grammar (reference: wire protocol 3.1). */
export const plainTag = {
  /** First byte of the four-byte little-endian header. */
  header: 0x75,
  primaryKey: 0x01,
  attributes: 0x02,
  cell: 0x03,
  cellName: 0x04,
  cellValue: 0x05,
  cellOperation: 0x06,
  cellTimestamp: 0x07,
  deleteMarker: 0x08,
  rowChecksum: 0x09,
  cellChecksum: 0x0a,
  extension: 0x0b,
  sequenceInfo: 0x0c,
  sequenceEpoch: 0x0d,
  sequenceTimestamp: 0x0e,
  sequenceRowIndex: 0x0f,
} as const;

export const variantTag = {
  integer: 0x00,
  double: 0x01,
  boolean: 0x02,
  string: 0x03,
  binary: 0x07,
  infMin: 0x09,
  infMax: 0x0a,
  autoIncrement: 0x0b,
} as const;

export const operationTag = {
  deleteAllVersions: 0x01,
  deleteOneVersion: 0x03,
  increment: 0x04,
} as const;

export const headerLength = 4;
/** Tags and payloads of epoch, timestamp and row index: 5 + 9 + 5. */
export const sequenceInfoLength = 19;
/** The sequence info with its own tag and length. */
export const extensionLength = sequenceInfoLength + 5;
