import { AppError } from "@/lib/core/error";
import { InvalidInputError } from "@/lib/core/invalid-input";
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

/** The adapter's own names for the same; a raw query carries these only. */
const unavailableKinds: ReadonlySet<string> = new Set([
  "AuthenticationFailed",
  "ConnectionClosed",
  "DatabaseAccessDenied",
  "DatabaseDoesNotExist",
  "DatabaseNotReachable",
  "SocketTimeout",
  "TlsConnectionError",
  "TooManyConnections",
  "TransactionWriteConflict",
]);

/** What the driver says without a code when its connection is cut or the pool gives up. */
const unavailableMessages =
  /Connection terminated|connection timeout|Client has encountered a connection error|Cannot use a pool after|not queryable|server closed the connection/i;

const uniqueViolationCodes: ReadonlySet<string> = new Set(["P2002", "23505"]);
const foreignKeyViolationCodes: ReadonlySet<string> = new Set(["P2003", "23503", "23001"]);
const checkViolationCodes: ReadonlySet<string> = new Set(["23514"]);
/** A text with NUL, which PostgreSQL cannot hold: only an input can bring one here. */
const unstorableTextCodes: ReadonlySet<string> = new Set(["22021"]);

/** Every value of those fields on the way from Prisma's error down to the driver's. */
function valuesOf(thrown: unknown, fields: readonly string[]): string[] {
  const values: string[] = [];
  const seen = new Set<unknown>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    for (const field of fields) {
      const found: unknown = Reflect.get(value, field);
      if (typeof found === "string") values.push(found);
    }
    for (const name of ["cause", "meta", "driverAdapterError"]) visit(Reflect.get(value, name));
  };
  visit(thrown);
  return values;
}

const codesOf = (thrown: unknown) => valuesOf(thrown, ["code", "errorCode", "originalCode"]);

const hasCode = (thrown: unknown, codes: ReadonlySet<string>): boolean =>
  codesOf(thrown).some((code) => codes.has(code));

export function isUniqueViolation(thrown: unknown): boolean {
  return hasCode(thrown, uniqueViolationCodes);
}

export function isForeignKeyViolation(thrown: unknown): boolean {
  return hasCode(thrown, foreignKeyViolationCodes);
}

export function isCheckViolation(thrown: unknown): boolean {
  return hasCode(thrown, checkViolationCodes);
}

function isUnavailable(thrown: unknown): boolean {
  if (thrown instanceof Prisma.PrismaClientInitializationError) return true;
  if (hasCode(thrown, unavailableCodes)) return true;
  if (valuesOf(thrown, ["kind"]).some((kind) => unavailableKinds.has(kind))) return true;
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
  if (hasCode(thrown, unstorableTextCodes)) {
    return new InvalidInputError([
      { field: "text", message: "holds a character that cannot be stored" },
    ]);
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
