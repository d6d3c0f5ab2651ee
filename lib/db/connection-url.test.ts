import { expect, test } from "vitest";
import { parseDatabaseUrl, sessionOptions } from "./connection-url";

test("Prisma's own parameters stay away from the server, its schema is found, others pass", () => {
  const url =
    "postgresql://u:p%40@db:5433/culvert?schema=delivery&sslmode=require&connection_limit=5";
  expect(parseDatabaseUrl(url)).toEqual({
    connectionString: "postgresql://u:p%40@db:5433/culvert?sslmode=require",
    schema: "delivery",
  });
  expect(parseDatabaseUrl("postgresql://u:p@db/culvert").schema).toBe("public");
});

test("a malformed URL is told without the text, which holds a password", () => {
  try {
    parseDatabaseUrl("postgresql://u:geheim@:bad:port/");
    expect.unreachable();
  } catch (error) {
    expect(JSON.stringify(error) + String(error)).not.toContain("geheim");
  }
});

test("every session runs in UTC and in the URL's schema, however it is called", () => {
  expect(sessionOptions("public")).toBe('-c TimeZone=UTC -c search_path="public"');
  expect(sessionOptions('odd "name')).toBe('-c TimeZone=UTC -c search_path="odd\\ ""name"');
});
