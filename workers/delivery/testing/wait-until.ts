const pollMs = 100;

/** Looks until there is something to see. What was seen last is in the error when it does not come. */
export async function waitUntil<T>(
  what: string,
  look: () => Promise<T | false | null | undefined>,
  timeoutMs = 90_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > deadline) throw new Error(`Not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
