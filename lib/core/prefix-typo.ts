/** Spellings that people bring from other date formats, without case, with what they most likely mean. */
const spellings: readonly (readonly [RegExp, string])[] = [
  [/^(y+|years?)/i, "$yyyy"],
  [/^(mon|month|mo)/i, "$MM"],
  [/^(min|minute|mi|mn)/i, "$mm"],
  [/^(d+|days?)/i, "$dd"],
  [/^(h+|k+|hours?)/i, "$HH"],
  [/^M+/, "$MM"],
  [/^m+/, "$mm"],
];

/** What is wrong with a `$` that starts no variable, and which variable was probably meant. */
export function explainUnknownVariable(rest: string): string {
  const braced = /^\$\{?([A-Za-z]+)\}?/.exec(rest);
  const word = braced?.[1];
  if (braced === null || word === undefined) {
    return "A $ starts one of $yyyy, $MM, $dd, $HH and $mm; it cannot be text.";
  }
  const suggestion = suggestVariable(word);
  const advice = suggestion
    ? `Did you mean ${suggestion}?`
    : "The variables are $yyyy, $MM, $dd, $HH and $mm.";
  return `${braced[0]} is not a variable. ${advice}`;
}

function suggestVariable(word: string): string | null {
  if (/^(Mm|mM)$/.test(word)) return "$MM (month) or $mm (minute)";
  return spellings.find(([spelling]) => spelling.test(word))?.[1] ?? null;
}
