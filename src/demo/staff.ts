import type { Jobs } from '../jobs/jobs.ts';
import { HOUR_MS } from './calendar.ts';
import { eachOf } from './each-of.ts';
import type { Play } from './play.ts';
import { isExpected } from './tally.ts';

/** Supplies are handed out so long before the work begins. */
const AHEAD_MS = 2 * HOUR_MS;
/** Clerks at the counter. */
const CLERKS = 2;
/** What the counter can hold. */
const PAGE = 40;

interface PickList {
  orderId: string;
  neededAt: string;
}

/** the supplies department hands out what is needed soon, most urgent first. */
export async function issueSupplies(play: Play): Promise<void> {
  const path = `/v1/supplies?status=requested&limit=${PAGE}`;
  const until = play.clock.now().getTime() + AHEAD_MS;
  for (;;) {
    const answer = await play.supplies.get<{ data: PickList[] }>(path);
    if (!isExpected(play.tally, 'The list of supplies', answer, 200)) return;
    const due = answer.body.data.filter(({ neededAt }) => new Date(neededAt).getTime() <= until);
    let issued = 0;
    await eachOf(due, CLERKS, async ({ orderId }) => {
      const handed = await play.supplies.post(`/v1/supplies/${orderId}/issue`);
      if (isExpected(play.tally, `Issuing supplies for ${orderId}`, handed, 200)) issued += 1;
    });
    // What could not be issued stays on the list: looking again would find the same.
    if (issued < PAGE) return;
  }
}

/** What a worker process does by itself, here at the moments of the virtual clock. */
export async function runJobs(play: Play): Promise<void> {
  await runJob(play, 'orders.fail-no-shows');
  await runJob(play, 'orders.attend-cookies');
}

/** Payments reads what has ended since yesterday; it is in no hurry. */
export function readStream(play: Play): Promise<void> {
  return runPaymentsJob(play, 'payments.read-stream');
}

/** Runs a job as `steward jobs run` does. */
export function runJob(play: Play, name: string): Promise<void> {
  return run(play, play.town.jobs, name);
}

/** The same of a job of payments. */
export function runPaymentsJob(play: Play, name: string): Promise<void> {
  return run(play, play.town.paymentsJobs, name);
}

async function run(play: Play, jobs: Jobs, name: string): Promise<void> {
  const report = await jobs.run(name);
  if (report.outcome === 'failed') {
    play.tally.surprises.push(`The job ${name} failed: ${report.error}`);
  }
}
