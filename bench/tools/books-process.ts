/** A process of its own that does one piece of payments' work, and tells how long it took. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PaymentsApp } from '../../src/payments-app.ts';
import { createVirtualClock } from '../../src/platform/clock.ts';
import { type Books, openBooks } from './open-books.ts';
import { runScript } from './programs.ts';

/** What is to be done: `read` the stream to its end, `replay` it from its start, or `invoice`. */
export type BooksWork =
  | { do: 'read' | 'replay' }
  /** The run of the week that this moment, in ISO 8601, is in. */
  | { do: 'invoice'; now: string };

export interface BooksRound {
  /** Events that were applied, or invoices. */
  done: number;
  seconds: number;
  /** Seconds of the parts, where the work has any. */
  parts: Record<string, number>;
  /** The most memory that the process ever held. */
  peakMb: number;
}

/** As `steward start` has it: docs/decisions/0018-a-bounded-heap.md. */
const SERVER_HEAP = ['--max-semi-space-size=16', '--max-old-space-size=768'];

/** Does it in a process of its own, with the heap that a server of ours has. */
export async function workOnBooks(books: Books, work: BooksWork): Promise<BooksRound> {
  const file = join(books.home, 'books.json');
  await writeFile(file, JSON.stringify({ books, work }));
  return runScript<BooksRound>('bench/tools/books-process.ts', [file], SERVER_HEAP);
}

type Measured = Omit<BooksRound, 'peakMb'>;

async function readStream(app: PaymentsApp, again: boolean): Promise<Measured> {
  const { stream } = app;
  const [consumer = ''] = stream.consumerNames;
  // The connections are there before the clock starts.
  await stream.status();
  if (again) await stream.replay(consumer, { from: { time: new Date(0) }, by: 'bench' });
  const began = performance.now();
  const report = await stream.consume(consumer);
  const seconds = (performance.now() - began) / 1_000;
  if (report.parked > 0) throw new Error(`${report.parked} orders were parked.`);
  return { done: report.applied, seconds, parts: {} };
}

async function issueInvoices(app: PaymentsApp): Promise<Measured> {
  const { invoices } = app.payments;
  await app.stream.status();
  const began = performance.now();
  const plan = await invoices.plan({});
  const planned = performance.now();
  const run = await invoices.commit(plan.hash);
  const committed = performance.now();
  const parts = { plan: (planned - began) / 1_000, commit: (committed - planned) / 1_000 };
  return { done: run.people, seconds: parts.plan + parts.commit, parts };
}

if (import.meta.main) {
  const { books, work } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as {
    books: Books;
    work: BooksWork;
  };
  const clock = work.do === 'invoice' ? createVirtualClock(new Date(work.now)) : undefined;
  const app = await openBooks(books, 'worker', clock);
  const measured = await (work.do === 'invoice'
    ? issueInvoices(app)
    : readStream(app, work.do === 'replay'));
  await app.close();
  const peakMb = process.resourceUsage().maxRSS / 1_024;
  process.stdout.write(`${JSON.stringify({ ...measured, peakMb } satisfies BooksRound)}\n`);
}
