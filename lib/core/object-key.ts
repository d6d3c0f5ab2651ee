import { utf8ByteLength } from "./utf8";

/** S3's bound on a key, in bytes of UTF-8. */
export const objectKeyBytesMax = 1024;

/**
 * What a key needs beside the partition, which it holds twice: the slash, a task name of 16, a lane
 * and a sequence of ten digits each, the four underscores, and `.parquet`.
 */
const nameBytesReserved = 1 + 16 + 10 + 10 + 4 + 8;

/** The longest partition whose keys all stores take, in bytes. */
export const partitionBytesMax = Math.floor((objectKeyBytesMax - nameBytesReserved) / 2);

/** File-backed stores keep a path segment in a file name of at most 255 bytes. */
export const fileNameBytesMax = 255;

/** User metadata that tells our object from any other at the same key. */
export const objectIdMetadata = "culvert-object";

/**
 * The documented object name, without sequence and suffix:
 * `<partition>/<task>_<lane>_<partition with / as _>`. Sequences are counted per stem.
 */
export function rowObjectStem(task: string, lane: number, partition: string): string {
  return `${partition}/${task}_${lane}_${partition.replaceAll("/", "_")}`;
}

/** The whole key of a row object; `sequence` counts from 1 (the published text, not its last example). */
export function rowObjectKey(stem: string, sequence: number, suffix: "" | ".parquet"): string {
  return `${stem}__${sequence}${suffix}`;
}

/**
 * Dirty values lie flat in their folder, one strand of objects per lane: `<dirty prefix>/<task>_<lane>`.
 * The folder is the task's own or shared; the task name keeps shared ones apart.
 */
export function dirtyObjectStem(task: string, lane: number, dirtyPrefix: string): string {
  return `${trimFolder(dirtyPrefix)}/${task}_${lane}`;
}

export function dirtyObjectKey(stem: string, sequence: number): string {
  return `${stem}__${sequence}.ndjson`;
}

/** A folder as keys need it: people may end it with one slash. */
export function trimFolder(folder: string): string {
  return folder.endsWith("/") ? folder.slice(0, -1) : folder;
}

/** Bytes of the longest file name (last key segment) that rows of this partition may get. */
export function rowFileNameBytesMax(partition: string): number {
  return utf8ByteLength(partition) + nameBytesReserved - 1;
}
