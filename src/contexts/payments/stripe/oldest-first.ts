/** A range of creation times as the API's lists take it, in whole seconds. */
export interface Created {
  gte: number;
  lt?: number;
}

const DAY_SECONDS = 24 * 60 * 60;
/** Days on which nothing happened are asked for together, up to so many. */
const MOST_DAYS = 32;

/**
 * Turns lists that come newest first into one that comes oldest first, a day at a time: where
 * something happens every day, no more than a day's entries are held in memory.
 * @param range of moments, `to` excluded; without it the list has no end
 * @param now where the last day begins if `to` is not given
 */
export async function* oldestFirst<Row, Entry>(
  range: { from: Date; to?: Date; now?: Date },
  list: (created: Created) => AsyncIterable<Row>,
  toEntry: (row: Row) => Entry,
): AsyncGenerator<Entry> {
  // What was created in a second has its first moment for us: begin with the next whole one.
  const end = range.to && Math.ceil(range.to.getTime() / 1000);
  const last = end ?? Math.floor((range.now ?? range.from).getTime() / 1000);
  let start = Math.ceil(range.from.getTime() / 1000);
  if (end !== undefined && start >= end) return;
  let days = 1;
  for (;;) {
    const next = start + days * DAY_SECONDS;
    const final = next >= last;
    const created = final ? openOr({ gte: start }, end) : { gte: start, lt: next };
    const entries: Entry[] = [];
    for await (const row of list(created)) entries.push(toEntry(row));
    yield* entries.reverse();
    if (final) return;
    days = entries.length > 0 ? 1 : Math.min(days * 2, MOST_DAYS);
    start = next;
  }
}

const openOr = (created: Created, end: number | undefined): Created =>
  end === undefined ? created : { ...created, lt: end };
