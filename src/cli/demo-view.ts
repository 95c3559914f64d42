import type { DayProgress } from '../demo/play-week.ts';
import type { DemoSummary } from '../demo/summary.ts';
import { formatMoney, fromJson, type MoneyJson } from '../platform/money.ts';
import { cutText, pad } from './text-width.ts';

/** How the play tells where it is. */
export interface DemoProgress {
  phase(text: string): void;
  day(progress: DayProgress): void;
  /** Wipes what would be redrawn. */
  end(): void;
}

const BAR_WIDTH = 20;
const DEFAULT_WIDTH = 80;
const COUNTS = ['placed', 'completed', 'cancelled', 'failed'] as const;
const DAY_WIDTH = 'Mon 2026-11-23'.length;

/** A line for each day; on a terminal also one that is redrawn while the day goes on. */
export function demoProgress(stream: NodeJS.WriteStream): DemoProgress {
  let drawn = false;
  let hasHeader = false;
  const wipe = () => {
    if (drawn) stream.write('\r\u001b[K');
    drawn = false;
  };
  const redraw = (text: string) => {
    stream.write(`\r\u001b[K${cutText(text, (stream.columns || DEFAULT_WIDTH) - 1)}`);
    drawn = true;
  };
  const line = (text: string) => {
    wipe();
    stream.write(`${text}\n`);
  };
  return {
    phase: (text) => (stream.isTTY ? redraw(`${text} …`) : line(`${text} …`)),
    day: (progress) => {
      if (!hasHeader) line(dayLine('day', COUNTS));
      hasHeader = true;
      const { day, over } = progress;
      if (over)
        line(
          dayLine(
            day,
            COUNTS.map((name) => String(progress[name])),
          ),
        );
      if (stream.isTTY) redraw(bar(progress));
    },
    end: wipe,
  };
}

function dayLine(day: string, values: readonly string[]): string {
  return [pad(day, DAY_WIDTH), ...values.map((value) => pad(value, 9, 'right'))].join('  ');
}

function bar({ day, done, placed }: DayProgress): string {
  const full = Math.round(done * BAR_WIDTH);
  const drawn = '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
  return `${drawn} ${Math.round(done * 100)} %  ${day}  ${placed} orders`;
}

/** The summary as name and value. */
export function summaryFields(summary: DemoSummary): (readonly [string, string])[] {
  const { orders, mails, supplies, cookies, stream, money, invariants } = summary;
  const names = Object.keys(invariants);
  const broken = names.filter((name) => !invariants[name]);
  return [
    [
      'orders',
      `${orders.placed} placed: ${orders.completed} completed, ${orders.cancelled} cancelled, ${orders.failed} failed, ${orders.noShows} no-shows, ${orders.open} open`,
    ],
    ['rebooked', `${orders.rebooked} of them, after a failure`],
    [
      'conflicts',
      `${summary.conflicts} times nobody was free; ${summary.conflictsFollowed} times a named time was taken`,
    ],
    ['replays', `${summary.replays} requests sent twice, done once`],
    ['quotes', String(summary.quotes)],
    [
      'mails',
      `${mails.sent} sent, ${mails.waiting} waiting, ${mails.failed} failed, ${mails.skipped} skipped`,
    ],
    [
      'supplies',
      `${supplies.issued} issued, ${supplies.withdrawn} withdrawn, ${supplies.requested} requested`,
    ],
    [
      'cookies',
      `${cookies.delivered} delivered, ${cookies.ordered} baking, ${cookies.waiting} waiting, ${cookies.givenUp} given up`,
    ],
    ['stream', `${stream.events} events, ${stream.lag} unread, ${stream.parked} orders parked`],
    [
      'invoices',
      `${money.invoices.issued} over ${moneyText(money.invoiced)}: ${money.invoices.paid} paid, ${money.invoices.open} open, ${money.invoices.pastDue} past due`,
    ],
    [
      'charged',
      `${moneyText(money.charged)}, ${moneyText(money.refunded)} refunded, ${moneyText(money.disputed)} in dispute`,
    ],
    [
      'payouts',
      `${money.payouts.paid} paid with ${moneyText(money.paidOut)}, ${money.payouts.failed} failed, ${money.payouts.waiting} waiting; ${money.credits.booked} credits, ${money.credits.requested} awaiting approval`,
    ],
    ['provider', 'sandbox: no money moves'],
    [
      'invariants',
      broken.length === 0
        ? `all ${names.length} hold, the proof of the books among them: ${names.join(', ')}`
        : `${broken.length} of ${names.length} do not hold: ${broken.join(', ')}`,
    ],
    ['time', `${summary.seconds.toFixed(1)} s for a week`],
  ];
}

function moneyText(amount: MoneyJson): string {
  return formatMoney(fromJson(amount));
}
