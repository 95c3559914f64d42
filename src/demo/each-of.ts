/**
 * Does the work for each, so many at once. The first failure ends it, once what is under way has
 * come to an end.
 */
export async function eachOf<T>(
  list: readonly T[],
  atOnce: number,
  work: (one: T) => Promise<void>,
): Promise<void> {
  const rest = list.values();
  const failures: unknown[] = [];
  const line = async () => {
    for (const one of rest) {
      if (failures.length > 0) return;
      await work(one).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, list.length) }, line));
  if (failures.length > 0) throw failures[0];
}
