/** A line of a file without its ending, counted from 1. */
export type TextLine = { readonly line: number; readonly text: string };

/** Lines longer than this are no rows: the service takes 4 MB at a time. */
export const lineCharactersMax = 2_000_000;

/**
 * Cuts a file's text, given piece by piece, into lines at "\n" or "\r\n". A line that is too long is
 * given once, cut, and what follows of it is dropped, so that no file fills the memory.
 */
export class LineCutter {
  #line = 1;
  #rest = "";
  #isDropping = false;

  push(piece: string): TextLine[] {
    const parts = (this.#rest + piece).split("\n");
    this.#rest = parts.pop() ?? "";
    const lines = parts.flatMap((text) => this.#take(text));
    if (this.#rest.length > lineCharactersMax) {
      if (!this.#isDropping) lines.push({ line: this.#line, text: this.#rest });
      this.#isDropping = true;
      this.#rest = "";
    }
    return lines;
  }

  /** What stands after the last line break. */
  end(): TextLine[] {
    const rest = this.#rest;
    this.#rest = "";
    return rest === "" ? [] : this.#take(rest);
  }

  #take(text: string): TextLine[] {
    const line = this.#line++;
    if (this.#isDropping) {
      this.#isDropping = false;
      return [];
    }
    return [{ line, text: text.endsWith("\r") ? text.slice(0, -1) : text }];
  }
}
