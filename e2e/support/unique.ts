import { randomBytes } from "node:crypto";

/** A name that no other test of the run has, within the rule of task names: `<what>-<6 characters>`. */
export function unique(what: string): string {
  return `${what}-${randomBytes(4).readUInt32BE().toString(36).padStart(7, "0").slice(-6)}`;
}
