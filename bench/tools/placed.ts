import type pg from 'pg';

/**
 * Orders placed by an action, counted in the database: the same ruler for both sides, and what
 * counts is what is stored.
 */
export async function countPlaced<T>(
  client: pg.Client,
  action: () => Promise<T>,
): Promise<{ placed: number; result: T }> {
  // Every order that is placed with an idempotency key writes one row there.
  const now = async () =>
    (await client.query<{ now: string }>('select clock_timestamp()::text as now')).rows[0]?.now;
  const began = await now();
  const result = await action();
  const { rows } = await client.query<{ placed: string }>(
    'select count(*) as placed from orders.idempotency_keys where created_at >= $1',
    [began],
  );
  return { placed: Number(rows[0]?.placed), result };
}
