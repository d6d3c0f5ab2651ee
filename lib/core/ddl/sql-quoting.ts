/** `name` with every backtick doubled: Hive, Spark, and DLA's MySQL syntax. */
export function quoteWithBackticks(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/** "name" with every double quote doubled: standard SQL, so Trino and DuckDB. */
export function quoteWithDoubleQuotes(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `name` with backslash escapes, which ClickHouse reads inside backticks too. */
export function quoteWithEscapes(name: string): string {
  return `\`${escapeBackslashes(name).replaceAll("`", "\\`")}\``;
}

/** 'text' with every quote doubled and the backslash an ordinary character: standard SQL. */
export function standardLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** 'text' with backslash escapes: Hive, Spark, DLA, ClickHouse. */
export function escapedLiteral(text: string): string {
  return `'${escapeBackslashes(text).replaceAll("'", "\\'")}'`;
}

/** One comment line; characters that could end it, and so run the rest as SQL, become spaces. */
export function commentLine(text: string): string {
  return `-- ${text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, " ")}`;
}

function escapeBackslashes(text: string): string {
  return text.replaceAll("\\", "\\\\");
}
