import { z } from "zod";
import type { ApiRoute } from "./api-route";
import { apiRoutes } from "./api-routes";
import { problemContentType, problemDocumentSchema } from "./problem-document";

type Json = Readonly<Record<string, unknown>>;

type Io = "input" | "output";

/** JSON Schema of one place, with named schemas referred to where OpenAPI keeps them. */
function jsonSchema(schema: z.ZodType, io: Io): Json {
  const { $schema: _, $defs: __, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return JSON.parse(JSON.stringify(rest).replaceAll('"#/$defs/', '"#/components/schemas/'));
}

/** The named schemas that a schema and its parts define. */
function namedSchemas(schema: z.ZodType, io: Io): Record<string, Json> {
  const { $defs } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  const text = JSON.stringify($defs ?? {}).replaceAll('"#/$defs/', '"#/components/schemas/');
  return JSON.parse(text);
}

const jsonContent = (schema: Json, type = "application/json") => ({
  content: { [type]: { schema } },
});

/** Rows have no schema of their own: their columns are the dataset's. */
function streamContent(types: readonly string[]): Json {
  return Object.fromEntries(
    types.map((type) => [type, { schema: { type: "string", format: "binary" } }]),
  );
}

function parametersOf(route: ApiRoute): Json[] {
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const inQuery = Object.entries(route.query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: "query",
    required: false,
    schema: jsonSchema(schema as z.ZodType, "input"),
  }));
  return [...inPath, ...inQuery];
}

function operationOf(name: string, route: ApiRoute): Json {
  return {
    operationId: name,
    summary: route.summary,
    ...(route.role === null ? { security: [] } : { "x-role": route.role }),
    parameters: parametersOf(route),
    ...(route.rowsIn
      ? { requestBody: { required: true, content: streamContent(route.rowsIn) } }
      : {}),
    ...(route.body
      ? { requestBody: { required: true, ...jsonContent(jsonSchema(route.body, "input")) } }
      : {}),
    responses: {
      [route.status]: {
        description: route.status === 204 ? "Done; nothing to say" : "As asked",
        ...(route.rowsOut ? { content: streamContent(route.rowsOut) } : {}),
        ...(route.response ? jsonContent(jsonSchema(route.response, "output")) : {}),
      },
      default: {
        description: "An RFC 9457 problem document",
        ...jsonContent({ $ref: "#/components/schemas/Problem" }, problemContentType),
      },
    },
  };
}

/** The OpenAPI 3.1 document of the whole REST API, generated from the schemas that parse it. */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [name, route] of Object.entries<ApiRoute>(apiRoutes)) {
    const path = paths[route.path] ?? {};
    path[route.method.toLowerCase()] = operationOf(name, route);
    paths[route.path] = path;
  }
  const schemas = Object.values<ApiRoute>(apiRoutes).flatMap(({ body, response }) => [
    ...(body ? [namedSchemas(body, "input")] : []),
    ...(response ? [namedSchemas(response, "output")] : []),
  ]);
  return {
    openapi: "3.1.0",
    info: {
      title: "Culvert",
      version,
      description: "Delivers table data from change tunnels into Parquet objects, exactly once.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    security: [{ apiKey: [] }],
    paths,
    components: {
      schemas: Object.assign({}, ...schemas, namedSchemas(problemDocumentSchema, "output")),
      securitySchemes: {
        apiKey: { type: "http", scheme: "bearer", description: "Authorization: Bearer <apiKey>" },
      },
    },
  };
}
