import { describe, expect, test, vi } from "vitest";
import { AppError, toAppError } from "./error";
import { InvalidInputError } from "./invalid-input";

const conflict = () => new AppError("resource.conflict", "It is in use");
const invalid = () => new InvalidInputError([{ field: "name", message: "is missing" }]);

describe("an AppError is one wherever it was made", () => {
  test("by its own class and by its subclass, and nothing else is", () => {
    expect(conflict()).toBeInstanceOf(AppError);
    expect(invalid()).toBeInstanceOf(AppError);
    expect(invalid()).toBeInstanceOf(InvalidInputError);
    expect(conflict()).not.toBeInstanceOf(InvalidInputError);
    for (const stranger of [new Error("no"), null, undefined, "AppError", { name: "AppError" }]) {
      expect(stranger instanceof AppError).toBe(false);
    }
  });

  test("also by another copy of this file, as bundlers make one for each route", async () => {
    vi.resetModules();
    const copy = await import("./error");
    const { InvalidInputError: InvalidInputCopy } = await import("./invalid-input");
    expect(copy.AppError).not.toBe(AppError);
    expect(conflict()).toBeInstanceOf(copy.AppError);
    expect(copy.toAppError(conflict()).code).toBe("resource.conflict");
    expect(toAppError(new copy.AppError("task.not_found", "gone")).code).toBe("task.not_found");
    expect(invalid()).toBeInstanceOf(InvalidInputCopy);
    expect(conflict()).not.toBeInstanceOf(InvalidInputCopy);
  });
});
