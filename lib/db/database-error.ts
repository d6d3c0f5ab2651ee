import { AppError } from "@/lib/core/error";
import { Prisma } from "./generated/client";

/**
 * The database cannot be reached, went away, has no connection left, or gave a transaction up to let
 * another through: Prisma's P-codes, SQLSTATE classes 08 (connection), 40 (deadlock), 57P0x (shutdown,
 * recovery, session ended) and 53300, and Node's socket errors. An allow-list: anything else is a bug until shown otherwise.
 */
const unavailableCodes: ReadonlySet<string> = new Set([
  "P1000",
  "P1001",
  "P1002",
  "P1003",
  "P1008",
  "P1010",
  "P1011",
  "P1017",
  "P2024",
  "P2028",
  "P2034",
  "P2037",
  "08000",
  "08001",
  "08003",
  "08004",
  "08006",
  "08P01",
  "25P03",
  "40001",
  "40P01",
  "28000",
  "28P01",
  "3D000",
  "53300",
  "57014",
  "57P01",
  "57P02",
  "57P03",
  "57P05",
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

/** What the driver says without a code when its connection is cut or the pool gives up. */
const unavailableMessages =
  /Connection terminated|connection timeout|Client has encountered a connection error|Cannot use a pool after|not queryable|server closed the connection/i;

const uniqueViolationCodes: ReadonlySet<string> = new Set(["P2002", "23505"]);
const foreignKeyViolationCodes: ReadonlySet<string> = new Set(["P2003", "23503", "23001"]);
const checkViolationCode = "23514";

/** Every code on the way from Prisma's error down to the driver's. */
function codesOf(thrown: unknown): string[] {
  const codes: string[] = [];
  const seen = new Set<unknown>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    for (const name of ["code", "errorCode", "originalCode"]) {
      const code: unknown = Reflect.get(value, name);
      if (typeof code === "string") codes.push(code);
    }
    for (const name of ["cause", "meta", "driverAdapterError"]) visit(Reflect.get(value, name));
  };
  visit(thrown);
  return codes;
}

const hasCode = (thrown: unknown, codes: ReadonlySet<string>): boolean =>
  codesOf(thrown).some((code) => codes.has(code));

export function isUniqueViolation(thrown: unknown): boolean {
  return hasCode(thrown, uniqueViolationCodes);
}

export function isForeignKeyViolation(thrown: unknown): boolean {
  return hasCode(thrown, foreignKeyViolationCodes);
}

export function isCheckViolation(thrown: unknown): boolean {
  return hasCode(thrown, new Set([checkViolationCode]));
}

function isUnavailable(thrown: unknown): boolean {
  if (thrown instanceof Prisma.PrismaClientInitializationError) return true;
  if (hasCode(thrown, unavailableCodes)) return true;
  return thrown instanceof Error && unavailableMessages.test(thrown.message);
}

/** The driver's failure as AppError. Never a message of Prisma's own: those can quote values. */
export function toDatabaseError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const code = codesOf(thrown).at(-1) ?? null;
  if (isUnavailable(thrown)) {
    return new AppError("internal.database_unavailable", "The database did not answer", {
      details: { code },
      cause: thrown,
    });
  }
  if (isCheckViolation(thrown)) {
    return new AppError(
      "internal.invariant_broken",
      "The database refused a row that breaks a CHECK",
      {
        details: { code },
        cause: thrown,
      },
    );
  }
  return new AppError("internal.unexpected", "A database query failed", {
    details: { code },
    cause: thrown,
  });
}
