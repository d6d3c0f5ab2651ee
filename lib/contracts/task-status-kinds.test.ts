import { expect, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import type { TaskStatusKind } from "@/lib/core/task-status";
import { taskStatusKindSchema } from "./task-view";

it("names on the wire exactly the status kinds that are derived", () => {
  expectTypeOf<z.infer<typeof taskStatusKindSchema>>().toEqualTypeOf<TaskStatusKind>();
  expect(new Set(taskStatusKindSchema.options).size).toBe(taskStatusKindSchema.options.length);
});
