/**
 * One thing that is wrong with an input, or unwise about it. `field` is the path a form or an API
 * body knows it by (`schema.columns[3].name`); `at` is the position in that field's text, counted in
 * UTF-16 units as a text box counts, where one place is to blame.
 */
export type Problem = {
  readonly field: string;
  readonly message: string;
  readonly at?: number;
  /** Of rows in a file, counted from 1; `field` is then a column. */
  readonly line?: number;
};
