import type { ObjectStore } from "@/lib/core/ports/object-store";
import type { TableEditor } from "@/lib/core/ports/table-editor";
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

/** Tables and tunnels are edited from the console alone; delivery never opens an editor. */
export type Editors = { readonly openEditor: (source: StoredSource) => TableEditor };

export async function withEditor<T>(
  editors: Editors,
  stored: StoredSource,
  work: (editor: TableEditor) => Promise<T>,
): Promise<T> {
  const editor = editors.openEditor(stored);
  try {
    return await work(editor);
  } finally {
    await editor.close();
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
