import type { GateResult, PlannedPerson, Run, RunPlan } from '../contexts/payments/index.ts';
import { formatAmount, formatMoney } from '../platform/money.ts';
import { shownOf } from './pages.ts';
import { amountColumn, type Names, type Time, timeOrNone } from './payments-view.ts';
import type { Column } from './table.ts';

/** As much of a hash as people copy; eight characters are the least that is taken. */
const SHORT_HASH_CHARS = 12;
/** An amount so many times the usual one is worth its factor. */
const WORTH_A_FACTOR = 1.5;

type Kind = Run['kind'];

/** What the two kinds of runs are made of. */
export const RUN_WORDS = {
  invoices: { person: 'customer', item: 'order', paper: 'invoice' },
  payouts: { person: 'worker', item: 'ledger line', paper: 'payout' },
} as const satisfies Record<Kind, { person: string; item: string; paper: string }>;

export function shortHash({ hash }: Pick<Run, 'hash'>): string {
  return hash.slice(0, SHORT_HASH_CHARS);
}

/** A run in full, as name and value. */
export function runFields(run: Run, time: Time) {
  const { person, item } = RUN_WORDS[run.kind];
  return [
    ['period', run.period],
    ['up to', time(run.cutoff)],
    ['content', `${count(run.people, person)}, ${count(run.items, item)}`],
    ['total', formatMoney({ amountMinor: run.totalMinor, currency: run.currency })],
    ['only', run.only?.join(', ')],
    ...run.except.map(({ id, reason }) => ['except', `${id}: ${reason}`] as const),
    ['state', run.status],
    ['planned', `${time(run.plannedAt)} by ${run.plannedBy}`],
    ['committed', run.committedAt && `${time(run.committedAt)} by ${run.committedBy ?? '?'}`],
    ['despite', run.despiteReason],
    ['hash', run.hash],
  ] as const;
}

/** The people of a plan; what none of them has gets no column. */
export function plannedColumns(
  kind: Kind,
  shown: readonly PlannedPerson[],
  { currency, names, odd }: { currency: string; names: Names; odd: ReadonlySet<string> },
): Column<PlannedPerson>[] {
  const { person, item } = RUN_WORDS[kind];
  const prices: Column<PlannedPerson>[] = [
    { header: 'price', align: 'right', value: (one) => formatAmount(one.priceMinor, currency) },
    {
      header: 'discount',
      align: 'right',
      value: (one) => (one.discountMinor === 0n ? null : formatAmount(one.discountMinor, currency)),
    },
  ];
  const remarks = { header: 'remark', value: (one: PlannedPerson) => remarkText(one, odd) };
  return [
    { header: person, value: (one) => names.get(one.id) ?? one.id },
    {
      header: kind === 'invoices' ? `${item}s` : 'lines',
      align: 'right',
      value: (one) => one.items,
    },
    ...(kind === 'invoices' ? prices : []),
    amountColumn('amount', currency, (one) => one.amountMinor),
    { header: 'usual', align: 'right', value: (one) => usualText(one, currency) },
    ...(shown.some((one) => remarkText(one, odd) !== null) ? [remarks] : []),
    { header: 'id', value: (one) => (names.has(one.id) ? one.id : null) },
  ];
}

/** `150.00 (×3.2)`, or `first` for somebody who never had one. */
export function usualText(
  { amountMinor, usualMinor }: Pick<PlannedPerson, 'amountMinor' | 'usualMinor'>,
  currency: string,
): string {
  if (usualMinor === null) return 'first';
  const text = formatAmount(usualMinor, currency);
  if (usualMinor <= 0n) return text;
  const factor = Number(amountMinor) / Number(usualMinor);
  return factor >= WORTH_A_FACTOR ? `${text} (×${factor.toFixed(1)})` : text;
}

function remarkText(one: PlannedPerson, odd: ReadonlySet<string>): string | null {
  if (one.left !== null) return `left out: ${one.left}`;
  return odd.has(one.id) ? '! unusual' : null;
}

/** A soft gate that has tripped is a warning: it stops the job, not a manager. */
export function gateMark(gate: GateResult): { mark: string; style: 'green' | 'red' | 'yellow' } {
  if (gate.passed) return { mark: '✓', style: 'green' };
  return { mark: '✗', style: gate.hard ? 'red' : 'yellow' };
}

type EarlierRun = RunPlan['earlier'][number];

/** This run beside the last ones. */
export function comparisonColumns(kind: Kind, currency: string): Column<EarlierRun>[] {
  const { person, item } = RUN_WORDS[kind];
  return [
    { header: 'period', value: (run) => run.period },
    { header: `${person}s`, align: 'right', value: (run) => run.people },
    { header: `${item}s`, align: 'right', value: (run) => run.items },
    amountColumn('total', currency, (run) => run.totalMinor),
  ];
}

export function leftOutColumns(kind: Kind, currency: string): Column<RunPlan['leftOut'][number]>[] {
  return [
    { header: 'left out', value: (one) => one.reason },
    { header: `${RUN_WORDS[kind].person}s`, align: 'right', value: (one) => one.people },
    amountColumn('amount', currency, (one) => one.amountMinor),
  ];
}

export function runColumns(kind: Kind, currency: string, time: Time): Column<Run>[] {
  const { person, item } = RUN_WORDS[kind];
  return [
    { header: 'run', value: shortHash },
    { header: 'period', value: (run) => run.period },
    { header: 'state', value: (run) => run.status },
    { header: `${person}s`, align: 'right', value: (run) => run.people },
    { header: `${item}s`, align: 'right', value: (run) => run.items },
    amountColumn('total', currency, (run) => run.totalMinor),
    { header: 'planned', value: (run) => time(run.plannedAt) },
    { header: 'committed', value: (run) => timeOrNone(time, run.committedAt) },
    { header: 'by', value: (run) => run.committedBy ?? run.plannedBy },
    { header: 'tripped', value: trippedText },
    { header: 'despite', value: (run) => run.despiteReason },
  ];
}

function trippedText(run: Run): string {
  const tripped = run.gates.filter((gate) => !gate.passed);
  return tripped.map((gate) => gate.gate).join(', ');
}

/** A run that still waits for somebody: nothing was committed for its period since. */
export function openRun(runs: readonly Run[]): Run | undefined {
  return runs.find(
    ({ status, period, plannedAt }) =>
      status !== 'committed' &&
      !runs.some(
        (one) => one.period === period && one.committedAt && one.committedAt >= plannedAt,
      ) &&
      // A later plan for the period takes the place of an earlier one.
      !runs.some((one) => one.period === period && one.plannedAt > plannedAt),
  );
}

/** What is sensible after a look at a plan. */
export function nextAfterPlan(run: Run): string[] {
  const { kind } = run;
  const commit = `payments ${kind} commit ${shortHash(run)}`;
  const hard = run.gates.filter((gate) => gate.hard && !gate.passed).map((gate) => gate.gate);
  if (hard.length === 0) return [commit];
  return [...new Set(hard.map((gate) => MEND[gate])), `${commit} --despite "<reason>"`];
}

/** What shows why a gate has tripped, or mends it. */
const MEND: Record<GateResult['gate'], string> = {
  'stream-read': 'stream status --part payments',
  'nothing-parked': 'stream parked --part payments',
  'proof-green': 'payments prove',
  'provider-known': 'payments reconcile',
  'total-usual': 'payments invoices runs',
  'people-usual': 'payments invoices runs',
};

function count(number: number, noun: string): string {
  return shownOf(number, number, noun);
}
