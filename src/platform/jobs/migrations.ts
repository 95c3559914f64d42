import type { Migration } from '../postgres/migrations.ts';

/** The book of periodic runs; it stands in each database whose jobs it decides about. */
export const jobMigrations: Migration[] = [
  {
    id: '2026-11-23-job-runs',
    sql: `
      create table platform.job_runs (
        job text not null,
        -- "C": keys sort as their periods do, whatever the database's own collation.
        period text collate "C" not null,
        status text not null check (status in ('running', 'done', 'failed')),
        attempt integer not null check (attempt > 0),
        started_at timestamptz not null,
        finished_at timestamptz,
        owner text not null,
        lease_until timestamptz not null,
        result jsonb,
        error text,
        primary key (job, period),
        check ((status = 'running') = (finished_at is null))
      );
      create index job_runs_finished on platform.job_runs (finished_at);
      grant select on platform.job_runs to steward_api;
      grant select, insert, update, delete on platform.job_runs to steward_worker;
      grant select, insert, update on platform.job_runs to steward_ops;`,
  },
];
