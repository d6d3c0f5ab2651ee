import { AppError } from "@/lib/core/error";
import type { Database } from "./client";
import { isForeignKeyViolation, isUniqueViolation } from "./database-error";
import { clampLimit, decodeCursor, type Page, type PageRequest, toPage } from "./page-cursor";

/** A destination as stored. `secret` is ciphertext: encryption is the caller's (lib/platform/secret.ts). */
export type StoredDestination = {
  readonly id: string;
  readonly name: string;
  /** Null for AWS itself. */
  readonly endpoint: string | null;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secret: string;
  readonly forcePathStyle: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

export type NewDestination = Omit<StoredDestination, "createdAt" | "updatedAt">;
export type DestinationChanges = Partial<Omit<NewDestination, "id">>;

/** Throws `resource.conflict` when the id or the name is taken. */
export async function createDestination(
  database: Database,
  destination: NewDestination,
): Promise<StoredDestination> {
  return database.run(async (prisma) => {
    try {
      return await prisma.destination.create({ data: destination });
    } catch (thrown) {
      throw isUniqueViolation(thrown) ? nameTaken(destination.name, thrown) : thrown;
    }
  });
}

/** By name, ascending. */
export async function listDestinations(
  database: Database,
  request: PageRequest,
): Promise<Page<StoredDestination>> {
  const limit = clampLimit(request.limit);
  const after = request.cursor ? String(decodeCursor(request.cursor, 1)[0]) : null;
  return database.run(async (prisma) => {
    const rows = await prisma.destination.findMany({
      where: after === null ? {} : { name: { gt: after } },
      orderBy: { name: "asc" },
      take: limit + 1,
    });
    return toPage(rows, limit, (destination) => [destination.name]);
  });
}

/** Exact. */
export async function countDestinations(database: Database): Promise<number> {
  return database.run((prisma) => prisma.destination.count());
}

export async function getDestination(
  database: Database,
  id: string,
): Promise<StoredDestination | null> {
  return database.run((prisma) => prisma.destination.findUnique({ where: { id } }));
}

/** Null when there is no such destination. Throws `resource.conflict` when the new name is taken. */
export async function updateDestination(
  database: Database,
  id: string,
  changes: DestinationChanges,
): Promise<StoredDestination | null> {
  return database.run(async (prisma) => {
    try {
      const [row] = await prisma.destination.updateManyAndReturn({ where: { id }, data: changes });
      return row ?? null;
    } catch (thrown) {
      throw isUniqueViolation(thrown) ? nameTaken(changes.name ?? id, thrown) : thrown;
    }
  });
}

/** False when there is no such destination. Throws `resource.conflict` while a task or a dataset uses it. */
export async function deleteDestination(database: Database, id: string): Promise<boolean> {
  return database.run(async (prisma) => {
    try {
      return (await prisma.destination.deleteMany({ where: { id } })).count > 0;
    } catch (thrown) {
      if (!isForeignKeyViolation(thrown)) throw thrown;
      throw new AppError("resource.conflict", "The destination is in use", {
        details: { id, reason: "A task or a dataset uses this destination." },
        cause: thrown,
      });
    }
  });
}

function nameTaken(name: string, cause: unknown): AppError {
  return new AppError("resource.conflict", "A destination of that name or id exists", {
    details: { name, reason: `There is already a destination named ${name}.` },
    cause,
  });
}
