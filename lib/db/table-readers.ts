import type { Database } from "./client";

/** A task and the tunnel that it reads its table through. */
export type TableReader = {
  readonly task: string;
  readonly table: string;
  readonly tunnel: string;
};

/**
 * The tasks that read from this instance, whatever source they name it by, in the order of their
 * names; those that are being deleted still read. With `table`, of that table only.
 */
export async function listTableReaders(
  database: Database,
  place: { readonly endpoint: string; readonly instance: string; readonly table?: string },
): Promise<TableReader[]> {
  const { endpoint, instance, table } = place;
  const tasks = await database.run((prisma) =>
    prisma.task.findMany({
      where: { source: { endpoint, instance }, ...(table === undefined ? {} : { table }) },
      select: { name: true, table: true, tunnelName: true },
      orderBy: { name: "asc" },
    }),
  );
  return tasks.map((task) => ({ task: task.name, table: task.table, tunnel: task.tunnelName }));
}
