const min = -(2n ** 63n);
const max = 2n ** 63n - 1n;

/** The decimal text of a 64-bit integer, without its needless zeros; null for anything else. */
export function readInt64(text: string): string | null {
  if (!/^-?\d{1,30}$/.test(text)) return null;
  const value = BigInt(text);
  return value < min || value > max ? null : value.toString();
}
