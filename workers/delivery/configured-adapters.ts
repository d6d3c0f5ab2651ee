import { AppError } from "@/lib/core/error";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import type { TableSource } from "@/lib/core/ports/table-source";
import { storeLocationOf } from "@/lib/platform/store-location";
import type { Adapters, OpenDestination } from "./adapters";

type Stored = { readonly id: string; readonly updatedAt: Date };
type StoredDestination = Stored & { readonly endpoint: string | null; readonly bucket: string };

/** How a stored row becomes a live adapter; the composition root knows the concrete ones. */
export type AdapterFactories<S extends Stored, D extends StoredDestination> = {
  readonly getSource: (id: string) => Promise<S | null>;
  readonly openSource: (row: S) => TableSource;
  readonly getDestination: (id: string) => Promise<D | null>;
  readonly openStore: (row: D) => ObjectStore;
  /** A replaced adapter is closed this much later, when no request of it can still be out. */
  readonly closeAfterMs: number;
  readonly now: () => number;
};

/** How long a row is believed without asking: mended settings are in use this much later at most. */
const believedForMs = 1_000;

/** Sources and destinations as they are configured now: rows are looked at again, adapters kept while they fit. */
export function createAdapters<S extends Stored, D extends StoredDestination>(
  factories: AdapterFactories<S, D>,
): Adapters & { close(): Promise<void> } {
  const sources = keepFitting(factories, factories.getSource, factories.openSource);
  const destinations = keepFitting(factories, factories.getDestination, (row: D) => {
    const store = factories.openStore(row);
    const open: OpenDestination = {
      store,
      bucket: row.bucket,
      location: storeLocationOf(row.endpoint),
    };
    return { ...open, close: () => store.close() };
  });
  return {
    source: (id) => sources.get(id),
    destination: (id) => destinations.get(id),
    async close() {
      await sources.close();
      await destinations.close();
    },
  };
}

type Closable = { close(): void | Promise<void> };

function keepFitting<R extends Stored, A extends Closable>(
  timing: { readonly closeAfterMs: number; readonly now: () => number },
  find: (id: string) => Promise<R | null>,
  open: (row: R) => A,
) {
  const kept = new Map<string, { adapter: A; updatedAtMs: number; checkedAtMs: number }>();
  /** A thousand channels of one source that ask at the same time are one query. */
  const looks = new Map<string, Promise<A>>();

  async function look(id: string): Promise<A> {
    const row = await find(id);
    if (!row)
      throw new AppError(
        "resource.not_found",
        "A task names a source or destination that is gone",
        {
          details: { id },
        },
      );
    const current = kept.get(id);
    if (current && current.updatedAtMs === row.updatedAt.getTime()) {
      current.checkedAtMs = timing.now();
      return current.adapter;
    }
    if (current) setTimeout(() => void current.adapter.close(), timing.closeAfterMs).unref();
    const adapter = open(row);
    kept.set(id, { adapter, updatedAtMs: row.updatedAt.getTime(), checkedAtMs: timing.now() });
    return adapter;
  }

  return {
    async get(id: string): Promise<A> {
      const known = kept.get(id);
      if (known && timing.now() - known.checkedAtMs < believedForMs) return known.adapter;
      const under = looks.get(id) ?? look(id).finally(() => looks.delete(id));
      looks.set(id, under);
      return under;
    },
    async close(): Promise<void> {
      for (const { adapter } of kept.values()) await adapter.close();
      kept.clear();
    },
  };
}
