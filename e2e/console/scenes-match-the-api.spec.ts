import { expect } from "@playwright/test";
import { z } from "zod";
import { test } from "../support/fixtures";
import { noConnection, Refusal, silence } from "./scene";
import { scenesByPlace } from "./scenes";

type Json = Record<string, unknown>;
type Operation = { responses: Record<string, { content?: Record<string, { schema: Json }> }> };
type Document = {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Json> };
};

/** The schema of what an operation answers: of its success, or of its refusal. */
function schemaOf(document: Document, method: string, place: string, isRefusal: boolean) {
  const template = Object.keys(document.paths).find((path) =>
    new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`).test(`/api/v1${place}`),
  );
  const operation = document.paths[template ?? ""]?.[method.toLowerCase()];
  if (!operation) throw new Error(`The API has no ${method} ${place}`);
  const status = isRefusal
    ? "default"
    : Object.keys(operation.responses).find((code) => code.startsWith("2"));
  const { content = {} } = operation.responses[status ?? ""] ?? {};
  const schema = Object.values(content)[0]?.schema;
  if (!schema) throw new Error(`${method} ${place} answers nothing with ${status}`);
  const whole = JSON.stringify({ ...schema, $defs: document.components.schemas });
  return z.fromJSONSchema(JSON.parse(whole.replaceAll("#/components/schemas/", "#/$defs/")));
}

test("the answers that the scenes are drawn from are answers that the API gives", async ({
  request,
}) => {
  const document = (await (await request.get("/api/openapi.json")).json()) as Document;
  const seen = new Set<unknown>();
  for (const scene of Object.values(scenesByPlace).flat()) {
    for (const [key, answer] of Object.entries(scene.answers)) {
      if (answer === silence || answer === noConnection || seen.has(answer)) continue;
      seen.add(answer);
      const [method = "", place = ""] = key.includes(" ") ? key.split(" ") : ["GET", key];
      const body = answer instanceof Refusal ? answer.problem : answer;
      const parsed = schemaOf(document, method, place, answer instanceof Refusal).safeParse(body);
      expect.soft(parsed.error?.issues ?? [], `${scene.name}: ${key}`).toEqual([]);
    }
  }
  expect(seen.size).toBeGreaterThan(25);
});
