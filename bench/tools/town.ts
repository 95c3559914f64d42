import { join } from 'node:path';
import type pg from 'pg';
import { openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { issueToken, ownKeyFile } from '../../src/platform/tokens/issue-token.ts';
import { root } from './programs.ts';

/** Cities, customers and services that every placing side draws from alike. */
export const CITIES = 5;
export const CUSTOMERS = 500;
export const SERVICES = ['CLEAN-STD', 'PET-WALK', 'FIX-SMALL', 'GARD-MOW'] as const;

/** Free hours enough that hardly anybody is refused, whatever the round is. */
export const WORKERS = 1_000;

/** Ids of customers are known by their number, so that SQL needs no look-up where HTTP has none. */
export const CUSTOMER_ID_PREFIX = '00000000-0000-7000-8000-';

/** Fills a database with services, workers with all skills those ask for, and customers. */
export async function settleTown(
  database: { url: string; client: pg.Client },
  home: string,
  workers = WORKERS,
): Promise<void> {
  const config = loadConfig({ STEWARD_HOME: home, DATABASE_URL: database.url, LOG_LEVEL: 'warn' });
  const app = await openApp(config, 'cli');
  try {
    await app.catalog.importServices(join(root, 'samples/services.xlsx'), { by: 'bench' });
  } finally {
    await app.close();
  }
  const { client } = database;
  // Two thirds of the workers have each skill; standing follows from the stars as in life.
  await client.query(
    `insert into orders.workers (id, subject, name, city, skills, stars_sum, stars_count, standing,
       completed_orders, created_at, updated_at)
     select id, id::text, 'Worker ' || n, 'City' || n % $2, skills, stars, ratings,
       (stars + 20) / (ratings + 5.0), ratings * 2, now(), now()
     from (
       select uuidv7() as id, n, array(select skill from (select distinct unnest(skills) as skill
           from catalog.services) as all_skills where hashint4(n + hashtext(skill)) % 3 <> 0) as skills,
         n % 40 as ratings, round(n % 40 * (3 + random() * 2)) as stars
       from generate_series(1, $1) as n) as drawn`,
    [workers, CITIES],
  );
  await client.query(
    `insert into stream.personal (subject_id, kind, data, updated_at)
     select id, 'worker', jsonb_build_object('name', name, 'subject', subject), now()
     from orders.workers`,
  );
  await client.query(
    `insert into orders.customers (id, subject, name, created_at, updated_at)
     select ($1 || lpad(n::text, 12, '0'))::uuid, 'customer-' || n, 'Customer ' || n, now(), now()
     from generate_series(1, $2) as n`,
    [CUSTOMER_ID_PREFIX, CUSTOMERS],
  );
  await client.query('vacuum analyze');
}

/** One token per customer, signed with the key of this home. */
export async function customerTokens(home: string): Promise<string[]> {
  const keyFile = ownKeyFile(loadConfig({ STEWARD_HOME: home }).tokens);
  const tokens: string[] = [];
  for (let number = 1; number <= CUSTOMERS; number++) {
    const sub = `customer-${number}`;
    const request = { sub, role: 'customer', name: `Customer ${number}` } as const;
    tokens.push(await issueToken({ ...request, expiresInSeconds: 86_400 }, keyFile));
  }
  return tokens;
}
