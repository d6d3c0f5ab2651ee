/**
 * Runs `work` over the items, at most `atOnceMax` at a time. After a failure nothing new is started;
 * what runs is awaited before the first failure is thrown, so that nothing goes on behind the caller.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  atOnceMax: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  let failed = false;
  const lane = async () => {
    while (!failed && next < items.length) {
      const index = next++;
      try {
        results[index] = await work(items[index] as T, index);
      } catch (thrown) {
        failed = true;
        throw thrown;
      }
    }
  };
  const outcomes = await Promise.allSettled(
    Array.from({ length: Math.min(atOnceMax, items.length) }, lane),
  );
  const failure = outcomes.find((outcome) => outcome.status === "rejected");
  if (failure) throw failure.reason;
  return results;
}
