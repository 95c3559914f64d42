import { sql } from 'kysely';
import { z } from 'zod';
import { type JobsSetup, setUpJobs } from '../src/jobs/setup.ts';
import { systemClock } from '../src/platform/clock.ts';
import { createIds } from '../src/platform/ids.ts';
import { defineJob } from '../src/platform/jobs/definition.ts';
import { createJobRuns, type JobTables } from '../src/platform/jobs/job-runs.ts';
import { createLog } from '../src/platform/log.ts';
import { type Database, openDatabase } from '../src/platform/postgres/database.ts';
import type { QueueEngine } from '../src/platform/queue/engine.ts';
import { createQueues, type Queues } from '../src/platform/queue/queues.ts';

/** What the jobs of these tests leave behind: one row per run that came to its end. */
export interface EffectTables extends JobTables {
  effects: { job: string; key: string; pid: number };
  starts: { job: string; key: string; pid: number };
}

/** Makes the tables of what the jobs do: `effects` at their end, `starts` of those that hang. */
export async function createEffects(db: Database<EffectTables>): Promise<void> {
  await sql`create table effects (job text not null, key text not null, pid integer not null)`.execute(
    db,
  );
  await sql`create table starts (like effects)`.execute(db);
}

/** Once a day, due since the night. */
const daily = defineJob({
  name: 'test.daily',
  description: 'Leaves an effect per day',
  payload: z.object({}),
  timeLimitMs: 30_000,
  backoff: { kind: 'fixed', delayMs: 50 },
  schedule: { cron: '0 0 * * *', period: 'day', catchUp: 'each', inOrder: true },
});
/** Again and again. */
const tick = defineJob({
  name: 'test.tick',
  description: 'Ticks',
  payload: z.object({}),
  timeLimitMs: 30_000,
  lane: 'fast',
  schedule: { everyMs: 200 },
});
/** On demand. */
const greet = defineJob({
  name: 'test.greet',
  description: 'Leaves an effect per id',
  payload: z.object({ id: z.string() }),
  timeLimitMs: 30_000,
  backoff: { kind: 'fixed', delayMs: 50 },
});
const jobs = [daily, tick, greet] as const;

/** What the processors do; `hang` never comes to its end. */
export interface Effects {
  leave(job: string, key: string): Promise<void>;
}

/** Short leases and locks, so that tests need not wait for minutes. */
export const QUICK = {
  locks: { lockMs: 1_000, stalledCheckMs: 500 },
  keepMs: 200,
  concurrency: { fast: 2, work: 4 },
};

/** Jobs over this database and engine. */
export function openTestJobs(
  engine: QueueEngine,
  databaseUrl: string,
  effects: (db: Database<EffectTables>) => Effects = leaveRows,
): {
  setup: JobsSetup<Effects>;
  /** Adds the job that runs on demand. */
  greet(id: string): Promise<string>;
  queues: Queues;
  db: Database<EffectTables>;
  close(): Promise<void>;
} {
  const log = createLog({ level: 'silent', part: 'test' });
  const db = openDatabase<EffectTables>({ url: databaseUrl, applicationName: 'test', max: 5 });
  const queues = createQueues({ engine, part: 'main', jobs, timeZone: 'UTC', log });
  const setup = setUpJobs({
    app: effects(db),
    jobs,
    processors: {
      'test.daily': (app, { period }) => app.leave('test.daily', period.key),
      'test.tick': (app) => app.leave('test.tick', ''),
      'test.greet': (app, { payload }) => app.leave('test.greet', payload.id),
    },
    runs: createJobRuns(db.$pickTables<'platform.job_runs'>()),
    queues,
    clock: systemClock,
    ids: createIds(systemClock),
    timeZone: 'UTC',
    log,
    leaseMs: 1_000,
  });
  return {
    setup,
    greet: (id) => queues.add(greet, { id }),
    queues,
    db,
    close: async () => {
      await queues.close();
      await db.destroy();
    },
  };
}

function leaveRows(db: Database<EffectTables>): Effects {
  return {
    leave: async (job, key) => {
      await db.insertInto('effects').values({ job, key, pid: process.pid }).execute();
    },
  };
}
