/** Joins class names; a falsy one is left out, so that conditions stay in one expression. */
export function classNames(...names: (string | false | null | undefined)[]): string {
  return names.filter(Boolean).join(" ");
}
