import { describe, expect, it } from "vitest";
import type { ApiRoute } from "./api-route";
import { apiRoutes } from "./api-routes";
import { openApiDocument } from "./openapi";

const document = JSON.parse(JSON.stringify(openApiDocument("1.2.3")));

function refsOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === "$ref" && typeof item === "string" ? [item] : refsOf(item),
  );
}

describe("OpenAPI document", () => {
  it("has every route of the table under its method and path", () => {
    for (const [name, route] of Object.entries<ApiRoute>(apiRoutes)) {
      const operation = document.paths[route.path]?.[route.method.toLowerCase()];
      expect(operation?.operationId).toBe(name);
      expect(Object.keys(operation.responses)).toEqual([String(route.status), "default"]);
      const takesBody = route.body !== undefined || route.rowsIn !== undefined;
      expect(operation.requestBody !== undefined).toBe(takesBody);
    }
  });

  it("refers only to what it defines", () => {
    const refs = refsOf(document);
    expect(refs).toContain("#/components/schemas/Problem");
    for (const ref of refs) {
      const found = ref
        .replace(/^#\//, "")
        .split("/")
        .reduce((at: Record<string, never> | undefined, key) => at?.[key], document);
      expect(found, ref).toBeDefined();
    }
  });

  it("lets a client leave out what has a default, and promises it in the answer", () => {
    expect(document.components.schemas.TaskBody.required.toSorted()).toEqual(
      ["name", "sourceId", "table", "destinationId", "prefix", "mode", "schema"].toSorted(),
    );
    expect(document.components.schemas.Task.required).toContain("timeZone");
  });

  it("needs a key everywhere but where the table says so", () => {
    expect(document.security).toEqual([{ apiKey: [] }]);
    const open = Object.values<ApiRoute>(apiRoutes).filter(({ role }) => role === null);
    expect(open.map(({ path }) => path)).toEqual(["/api/v1/health"]);
    expect(document.paths["/api/v1/health"].get.security).toEqual([]);
  });
});
