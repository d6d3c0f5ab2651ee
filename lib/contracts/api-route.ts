import { z } from "zod";

/** A downloader may look and take rows out of datasets; nobody else may but the administrator. */
const roles = ["viewer", "downloader", "operator", "administrator"] as const;
export type Role = (typeof roles)[number];
export const roleSchema = z.enum(roles);

/** For each role, those whose routes it may call. */
export const rolesWithin: Readonly<Record<Role, readonly Role[]>> = {
  viewer: ["viewer"],
  downloader: ["viewer", "downloader"],
  operator: ["viewer", "operator"],
  administrator: roles,
};

export type ApiRoute = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: `/api/v1/${string}`;
  readonly summary: string;
  /** The least role that may; null needs no key. */
  readonly role: Role | null;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Media types of a body that is a stream of rows and no JSON. */
  readonly rowsIn?: readonly string[];
  /** The same of an answer. */
  readonly rowsOut?: readonly string[];
  readonly status: 200 | 201 | 204;
  readonly response?: z.ZodType;
  /**
   * Pages poll it, and it depends on nothing but Culvert's database and the question: all who may ask
   * get one answer for a moment.
   */
  readonly isShared?: true;
};

export const noQuery = z.strictObject({});

/** Keeps the routes of a table as literal types. */
export function defineRoutes<const T extends Record<string, ApiRoute>>(routes: T): T {
  return routes;
}
