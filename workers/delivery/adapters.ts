import type { ObjectStore } from "@/lib/core/ports/object-store";
import type { TableSource } from "@/lib/core/ports/table-source";

/** A destination as delivery uses it. `location` names the store, so that one ledger can serve many. */
export type OpenDestination = {
  readonly store: ObjectStore;
  readonly bucket: string;
  readonly location: string;
};

/**
 * Sources and destinations by id. Asked anew for each command, so that a secret or a bucket that
 * somebody mends is in use at the next try without a restart.
 */
export interface Adapters {
  source(sourceId: string): Promise<TableSource>;
  destination(destinationId: string): Promise<OpenDestination>;
}
