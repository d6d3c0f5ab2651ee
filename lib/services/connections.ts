import type { ObjectStore } from "@/lib/core/ports/object-store";
import type { TableSource } from "@/lib/core/ports/table-source";
import type { StoredDestination } from "@/lib/db/destinations";
import type { StoredSource } from "@/lib/db/sources";

/**
 * Opens what a stored source or destination describes for the length of one piece of work, and
 * closes it whatever happens. The composition root knows the concrete adapters.
 */
export type Connections = {
  readonly openSource: (source: StoredSource) => TableSource;
  readonly openStore: (destination: StoredDestination) => ObjectStore;
};

export async function withSource<T>(
  connections: Pick<Connections, "openSource">,
  stored: StoredSource,
  work: (source: TableSource) => Promise<T>,
): Promise<T> {
  const source = connections.openSource(stored);
  try {
    return await work(source);
  } finally {
    await source.close();
  }
}

export async function withStore<T>(
  connections: Pick<Connections, "openStore">,
  stored: StoredDestination,
  work: (store: ObjectStore) => Promise<T>,
): Promise<T> {
  const store = connections.openStore(stored);
  try {
    return await work(store);
  } finally {
    store.close();
  }
}
