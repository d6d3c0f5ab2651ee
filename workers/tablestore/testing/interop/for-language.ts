import { beforeAll, beforeEach, describe } from "vitest";
import { type Language, type Program, provideProgram } from "./provide-program";

/** Programs and their downloads, when nothing is cached yet. */
const provideMsMax = 900_000;

/**
 * A suite that needs a language's program. Where a toolchain or a registry is out of reach its tests
 * are reported as not run, with the reason, or fail with it when INTEROP_REQUIRED is 1.
 */
export function describeLanguage(
  language: Language,
  define: (program: () => Program) => void,
): void {
  describe(`the official ${language} SDK`, () => {
    let provided: Awaited<ReturnType<typeof provideProgram>>;
    beforeAll(async () => {
      provided = await provideProgram(language);
    }, provideMsMax);
    beforeEach((context) => {
      if (provided.kind === "program") return;
      if (process.env.INTEROP_REQUIRED === "1") throw new Error(provided.sentence);
      context.skip(provided.sentence);
    });
    define(() => {
      if (provided.kind === "program") return provided.program;
      throw new Error(provided.sentence);
    });
  });
}
