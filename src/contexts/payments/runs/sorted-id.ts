import { type RawBuilder, sql } from 'kysely';

/**
 * SQL for a UUIDv7 that sorts by `ordinal` among those of the same moment: for rows that a single
 * statement makes by the hundred thousand. The same seed and moment give the same id.
 * @param ordinal SQL of an integer from 1 to 16 million
 * @param seed SQL of a text that is different for every row and use
 */
export function sortedId(
  now: Date,
  ordinal: RawBuilder<unknown>,
  seed: RawBuilder<unknown>,
): RawBuilder<string> {
  const time = now.getTime().toString(16).padStart(12, '0');
  const digits = sql`lpad(to_hex((${ordinal})::bigint), 6, '0')`;
  return sql<string>`(${time}::text || '7' || left(${digits}, 3) || '8' || right(${digits}, 3)
    || left(md5(${seed}), 12))::uuid`;
}
