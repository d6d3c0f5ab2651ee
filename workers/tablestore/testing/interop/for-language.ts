import { describe, it } from "vitest";
import { type Language, type Program, provideProgram } from "./provide-program";

/**
 * A suite that needs a language's program, built while the file is read. Where a toolchain or a
 * registry is out of reach there is one test instead: it is reported as not run, with the reason, or
 * fails with it when INTEROP_REQUIRED is 1.
 */
export async function describeLanguage(
  language: Language,
  define: (program: Program) => void,
): Promise<void> {
  const provided = await provideProgram(language);
  describe(`the official ${language} SDK`, () => {
    if (provided.kind === "program") define(provided.program);
    else reportAsNotRun(provided.sentence);
  });
}

function reportAsNotRun(sentence: string): void {
  it("works with this table store", (context) => {
    if (process.env.INTEROP_REQUIRED === "1") throw new Error(sentence);
    // The reporter says of a skipped test no more than that there is one.
    process.stderr.write(`${sentence}\n`);
    context.skip(sentence);
  });
}
