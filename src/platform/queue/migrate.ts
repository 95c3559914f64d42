import { LATEST_SCHEMA_VERSION, runMigrations } from 'bullmq';
import type pg from 'pg';
import { LANES } from '../jobs/definition.ts';
import { PARTS, type Part, queueName } from './engine.ts';

/** Where BullMQ keeps its tables; the backend looks for them under this name. */
const SCHEMA = 'bullmq';

/**
 * Adding a job reads and writes these and nothing else. `job` and `dedup` need updates because
 * adding locks and deduplicates; `dedup_next` and `event` are pruned by it.
 */
const PRODUCER_GRANTS = `
  grant usage on schema ${SCHEMA} to steward_api;
  grant select on all tables in schema ${SCHEMA} to steward_api;
  grant insert, update on ${SCHEMA}.meta, ${SCHEMA}.job to steward_api;
  grant insert, update, delete on ${SCHEMA}.dedup, ${SCHEMA}.dedup_next, ${SCHEMA}.event
    to steward_api;
  grant usage on all sequences in schema ${SCHEMA} to steward_api;`;

const worker = (role: string) => `
  grant usage on schema ${SCHEMA} to ${role};
  grant select, insert, update, delete on all tables in schema ${SCHEMA} to ${role};
  grant usage, select on all sequences in schema ${SCHEMA} to ${role};`;

/** Who uses the queues of each part. Payments' HTTP routes add no jobs. */
const GRANTS: Readonly<Record<Part, string>> = {
  main: [PRODUCER_GRANTS, worker('steward_worker'), worker('steward_ops')].join('\n'),
  payments: [worker('steward_payments_worker'), worker('steward_ops')].join('\n'),
};

/**
 * Brings BullMQ's own schema up to date and gives the service roles what they need on it: the API
 * may add jobs, workers and ops may do everything. Part of `steward db migrate`; safe to repeat
 * and to run in ten processes at once.
 * @param client one session of the owner, outside a transaction; the roles exist already
 * @param part whose database it is
 */
export async function migrateQueue(client: pg.Client, part: Part = 'main'): Promise<void> {
  await runMigrations(client, SCHEMA);
  // BullMQ makes a queue's sequence with its first job, which a service role may not do.
  for (const name of PARTS) {
    for (const lane of LANES) {
      await client.query(`select ${SCHEMA}.next_job_id($1)`, [queueName(name, lane)]);
    }
  }
  await client.query(GRANTS[part]);
}

/** Whether BullMQ's schema is there and as new as this code; changes nothing. */
export async function isQueueMigrated(client: Pick<pg.ClientBase, 'query'>): Promise<boolean> {
  const book = await client.query(`select to_regclass('${SCHEMA}.migration') as book`);
  if (!book.rows[0]?.book) return false;
  const newest = await client.query(`select max(version) as version from ${SCHEMA}.migration`);
  return Number(newest.rows[0]?.version) >= LATEST_SCHEMA_VERSION;
}
