import type { App } from '../../app.ts';
import type { PaymentsApp } from '../../payments-app.ts';
import { formatDuration } from '../duration.ts';
import { withJobs } from '../open-jobs.ts';
import type { AnyApp } from '../parts.ts';
import { type Finding, fail, look, ok, warn } from './finding.ts';

/** A consumer reads within seconds; behind by more, nothing is reading. */
const LAG_SECONDS = 60;
const COUNT_LIMIT = 1_000;

/** Whether the work gets done: the stream, jobs, queue and mails. */
export async function checkWork(app: App): Promise<Finding[]> {
  return inTurn([
    () => look('order stream', 'See "steward stream status".', () => checkStream(app)),
    () => look('queue', queueRemedy(app), () => checkQueue(app)),
    () => look('mails', 'See "steward mail list".', () => checkMails(app)),
  ]);
}

/** The same of payments, and whether the money is right. */
export async function checkMoney(app: PaymentsApp): Promise<Finding[]> {
  const findings = await inTurn([
    () => look('order stream', 'See "steward stream status".', () => checkStream(app)),
    () => look('queue', queueRemedy(app), () => checkQueue(app)),
    () => look('mails', 'See "steward mail list".', () => checkMails(app)),
  ]);
  const proof = await look('proof', 'Run "steward payments prove".', () => checkProof(app));
  return [
    ...findings.map((one) => ({ ...one, what: `payments ${one.what.replace('order ', '')}` })),
    ...proof,
  ];
}

async function checkProof(app: PaymentsApp): Promise<Finding> {
  const last = await app.payments.proof.last('prove');
  if (last === null) return ok('proof', 'none yet');
  const detail = `${last.green ? 'green' : 'red'}, of ${last.day}`;
  if (last.green) return ok('proof', detail);
  return fail('proof', detail, 'No run goes on until it is green: "steward payments prove".');
}

async function inTurn(checks: readonly (() => Promise<Finding[]>)[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of checks) findings.push(...(await check()));
  return findings;
}

async function checkStream(app: AnyApp): Promise<Finding[]> {
  const { log, consumers } = await app.stream.status();
  if (log === 'restored') {
    return [fail('order stream', 'was restored from a dump', 'Run "steward db migrate".')];
  }
  const slow = consumers.filter((one) => one.secondsBehind > LAG_SECONDS);
  const parked = consumers.filter((one) => one.parkedOrders > 0);
  const behind = slow.map((one) => {
    return `${one.consumer} is ${formatDuration(one.secondsBehind * 1_000)} behind`;
  });
  return [
    slow.length > 0
      ? warn('order stream', behind.join(', '), 'Is a worker running? "steward start worker"')
      : ok('order stream', `${consumers.length} consumers have read everything`),
    parked.length > 0
      ? warn(
          'parked orders',
          parked.map((one) => `${one.parkedOrders} of ${one.consumer}`).join(', '),
          'See "steward stream parked".',
        )
      : ok('parked orders', 'none'),
  ];
}

function queueRemedy(app: AnyApp): string {
  return app.config.redisUrl
    ? 'Start Redis, correct REDIS_URL, or set maxmemory-policy to noeviction.'
    : 'The queue lives in the database: see PostgreSQL above.';
}

function checkQueue(app: AnyApp): Promise<Finding[]> {
  const { redisUrl } = app.config;
  const engine = redisUrl ? `Redis at ${new URL(redisUrl).host}` : 'PostgreSQL';
  return withJobs(app, async (jobs) => {
    const { waiting, delayed, paused } = await jobs.queue();
    const detail = `${engine}: ${waiting} waiting, ${delayed} later`;
    const failed = await jobs.failed(COUNT_LIMIT);
    return [
      paused ? warn('queue', `${detail}; paused`, 'Resume it.') : ok('queue', detail),
      failed.length === 0
        ? ok('failed jobs', 'none')
        : warn('failed jobs', `${failed.length}`, 'See "steward jobs failed".'),
    ];
  });
}

async function checkMails(app: AnyApp): Promise<Finding> {
  const { waiting, failed, unknown } = await app.mails.counts();
  const detail = `${waiting} waiting, ${failed} failed, ${unknown} unknown`;
  if (failed + unknown === 0) return ok('mails', detail);
  return warn('mails', detail, 'See "steward mail list --status failed".');
}
