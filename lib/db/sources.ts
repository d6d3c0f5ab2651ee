import { AppError } from "@/lib/core/error";
import type { Database } from "./client";
import { isForeignKeyViolation, isUniqueViolation } from "./database-error";
import { clampLimit, decodeCursor, type Page, type PageRequest, toPage } from "./page-cursor";

/** A source as stored. `secret` is ciphertext: encryption is the caller's (lib/platform/secret.ts). */
export type StoredSource = {
  readonly id: string;
  readonly name: string;
  readonly kind: "tablestore";
  readonly endpoint: string;
  readonly instance: string;
  readonly accessKeyId: string;
  readonly secret: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

export type NewSource = Omit<StoredSource, "createdAt" | "updatedAt">;
export type SourceChanges = Partial<Omit<NewSource, "id" | "kind">>;

/** Throws `resource.conflict` when the id or the name is taken. */
export async function createSource(database: Database, source: NewSource): Promise<StoredSource> {
  return database.run(async (prisma) => {
    try {
      return fromRow(await prisma.source.create({ data: source }));
    } catch (thrown) {
      throw isUniqueViolation(thrown) ? nameTaken(source.name, thrown) : thrown;
    }
  });
}

/** By name, ascending. */
export async function listSources(
  database: Database,
  request: PageRequest,
): Promise<Page<StoredSource>> {
  const limit = clampLimit(request.limit);
  const after = request.cursor ? String(decodeCursor(request.cursor, 1)[0]) : null;
  return database.run(async (prisma) => {
    const rows = await prisma.source.findMany({
      where: after === null ? {} : { name: { gt: after } },
      orderBy: { name: "asc" },
      take: limit + 1,
    });
    return toPage(rows.map(fromRow), limit, (source) => [source.name]);
  });
}

/** Exact. */
export async function countSources(database: Database): Promise<number> {
  return database.run((prisma) => prisma.source.count());
}

export async function getSource(database: Database, id: string): Promise<StoredSource | null> {
  return database.run(async (prisma) => {
    const row = await prisma.source.findUnique({ where: { id } });
    return row && fromRow(row);
  });
}

/** Null when there is no such source. Throws `resource.conflict` when the new name is taken. */
export async function updateSource(
  database: Database,
  id: string,
  changes: SourceChanges,
): Promise<StoredSource | null> {
  return database.run(async (prisma) => {
    try {
      const [row] = await prisma.source.updateManyAndReturn({ where: { id }, data: changes });
      return row ? fromRow(row) : null;
    } catch (thrown) {
      throw isUniqueViolation(thrown) ? nameTaken(changes.name ?? id, thrown) : thrown;
    }
  });
}

/** False when there is no such source. Throws `resource.conflict` while a task reads from it. */
export async function deleteSource(database: Database, id: string): Promise<boolean> {
  return database.run(async (prisma) => {
    try {
      return (await prisma.source.deleteMany({ where: { id } })).count > 0;
    } catch (thrown) {
      if (!isForeignKeyViolation(thrown)) throw thrown;
      throw new AppError("resource.conflict", "The source is in use", {
        details: { id, reason: "A task reads from this source." },
        cause: thrown,
      });
    }
  });
}

function fromRow(row: Omit<StoredSource, "kind"> & { kind: string }): StoredSource {
  // The CHECK source_kind knows this one kind.
  return { ...row, kind: "tablestore" };
}

function nameTaken(name: string, cause: unknown): AppError {
  return new AppError("resource.conflict", "A source of that name or id exists", {
    details: { name, reason: `There is already a source named ${name}.` },
    cause,
  });
}
