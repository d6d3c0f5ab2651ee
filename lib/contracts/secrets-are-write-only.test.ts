import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { ApiRoute } from "./api-route";
import { apiRoutes } from "./api-routes";
import { parseInput } from "./field-problems";
import { sourceBodySchema } from "./source-body";

describe("secrets", () => {
  it.each(Object.entries<ApiRoute>(apiRoutes))("are in no response of %s", (_name, route) => {
    const text = route.response ? JSON.stringify(z.toJSONSchema(route.response)) : "";
    expect(text).not.toMatch(/secret|password|apiKey/i);
  });

  it("are not repeated by the problems of the body that held them", () => {
    const secret = "hunter2-hunter2";
    let message = "";
    try {
      parseInput(sourceBodySchema, {
        name: "",
        endpoint: `http://user:${secret}@localhost`,
        instance: secret.repeat(20),
        accessKeyId: "a",
        accessKeySecret: [secret],
        x: secret,
      });
    } catch (thrown) {
      message = JSON.stringify(thrown) + String(thrown);
    }
    expect(message).toContain("accessKeySecret");
    expect(message).not.toContain(secret);
  });
});
