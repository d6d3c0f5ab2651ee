import { describe, expect, it } from "vitest";
import type { ApiRoute } from "@/lib/contracts/api-route";
import { apiRoutes } from "@/lib/contracts/api-routes";
import { openApiDocument } from "@/lib/contracts/openapi";
import { listRouteFiles } from "./testing/call-route";

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];

describe("routes", () => {
  it("are all in the table, and the table's are all served", async () => {
    const served: string[] = [];
    for (const { file, path } of listRouteFiles()) {
      if (!path.startsWith("/api/v1/") || path.includes("...")) continue;
      const route = (await import(file)) as Record<string, unknown>;
      served.push(
        ...methods.filter((method) => method in route).map((method) => `${method} ${path}`),
      );
    }
    const promised = Object.values<ApiRoute>(apiRoutes).map(
      ({ method, path }) => `${method} ${path}`,
    );
    expect(served.toSorted()).toEqual(promised.toSorted());
  });

  it("are all in the OpenAPI document", () => {
    const { paths } = openApiDocument("0") as { paths: Record<string, Record<string, unknown>> };
    const documented = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const promised = Object.values<ApiRoute>(apiRoutes).map(
      ({ method, path }) => `${method} ${path}`,
    );
    expect(documented.toSorted()).toEqual(promised.toSorted());
  });
});
