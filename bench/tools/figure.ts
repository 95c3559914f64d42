/** What a value must reach. */
export interface Goal {
  is: 'at least' | 'at most' | 'under';
  value: number;
}

/** One measured value; most are ratios of two sides that ran in turn. */
export interface Row {
  what: string;
  /** Null where it cannot be measured here; `detail` then says why. */
  value: number | null;
  /** `''` for a ratio. */
  unit: '' | 'MB' | '/s' | 's' | 'ms';
  /** Lowest and highest of the rounds. */
  range?: readonly [number, number];
  goal?: Goal;
  /** Both sides of the ratio, and how they were measured. */
  detail: string;
}

/** What the figures are told. */
export interface Bench {
  /** Short rounds, to see that it works; the values then say little. */
  quick: boolean;
  /** Orders stored in the figure `stored`. */
  orders: number;
  /** Events of the long stream in the figure `ledger`. */
  events: number;
  /** Postings of the large ledger in the figure `balance`. */
  postings: number;
  /** Undone in the opposite order when the figure ends, or is interrupted. */
  cleanup: AsyncDisposableStack;
  /** Says what goes on; not part of the result. */
  tell(line: string): void;
  /** Says what the values of this figure depend on; part of the result. */
  remark(line: string): void;
}

export interface Figure {
  name: string;
  title: string;
  measure(bench: Bench): Promise<Row[]>;
}

/** Whether the value reaches its goal; undefined without goal or value. */
export function reaches({ value, goal }: Row): boolean | undefined {
  if (!goal || value === null) return undefined;
  if (goal.is === 'at least') return value >= goal.value;
  return goal.is === 'at most' ? value <= goal.value : value < goal.value;
}

const SIGNS = { 'at least': '≥', 'at most': '≤', under: '<' } as const;

/** `placing: goal ≥ 0.60: 0.71 ok (0.68–0.74)`, and the detail below. */
export function renderRow(row: Row): string {
  const { value, unit, goal, range } = row;
  const ok = reaches(row);
  const words = [
    `  ${row.what}:`,
    goal ? `goal ${SIGNS[goal.is]} ${formatGoal(goal.value, unit)}:` : '',
    value === null ? 'not measured' : format(value, unit),
    ok === undefined ? '' : ok ? 'ok' : 'MISSED',
    range ? `(${format(range[0], '')}–${format(range[1], '')})` : '',
  ];
  return `${words.filter(Boolean).join(' ')}\n      ${row.detail}`;
}

/** Three significant digits, thousands apart. */
export function format(value: number, unit: Row['unit'] = ''): string {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 || size === 0 ? 2 : 4;
  const text = value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return text + (unit === '' || unit === '/s' ? unit : ` ${unit}`);
}

function formatGoal(value: number, unit: Row['unit']): string {
  return Number.isInteger(value) && value >= 10
    ? value.toLocaleString('en-US') + (unit === '' || unit === '/s' ? unit : ` ${unit}`)
    : format(value, unit);
}
