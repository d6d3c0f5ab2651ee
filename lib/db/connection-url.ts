import { AppError } from "@/lib/core/error";

/** A database URL taken apart: what `pg` understands, and the schema that Prisma keeps in it. */
export type ConnectionTarget = { readonly connectionString: string; readonly schema: string };

/** Parameters that only Prisma understands; `pg` would send some of them to the server as settings. */
const prismaParameters = [
  "schema",
  "connection_limit",
  "pool_timeout",
  "pgbouncer",
  "connect_timeout",
  "statement_cache_size",
  "socket_timeout",
];

/** The schema is the `schema` parameter, default `public`. Throws `internal.unexpected` on a malformed URL. */
export function parseDatabaseUrl(text: string): ConnectionTarget {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // Neither message nor cause may carry the text: it holds the password.
    throw new AppError("internal.unexpected", "DATABASE_URL is not a valid URL");
  }
  const schema = url.searchParams.get("schema") ?? "public";
  for (const parameter of prismaParameters) url.searchParams.delete(parameter);
  return { connectionString: url.toString(), schema };
}

/** Command-line settings of every connection. Without UTC the adapter shifts every instant it writes. */
export function sessionOptions(schema: string): string {
  const path = schema.replaceAll('"', '""').replaceAll(/[\\ ]/g, "\\$&");
  return `-c TimeZone=UTC -c search_path="${path}"`;
}
