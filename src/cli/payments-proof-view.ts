import type { Explanation, ProofCheck, ProofReport } from '../contexts/payments/index.ts';
import { formatAmount } from '../platform/money.ts';
import { shownOf } from './pages.ts';
import type { Column } from './table.ts';
import { displayWidth, pad, plainText, wrapText } from './text-width.ts';

/** Violations of one check that are shown unless all are asked for. */
const SHOWN = 10;

/** `trial-balance: 14 rows` */
export function checkText({ name, checked }: ProofCheck): string {
  return `${name}: ${shownOf(checked, checked, 'row')}`;
}

/** What is wrong, one sentence a line; no more than fits a screen. */
export function violationLines(check: ProofCheck, all: boolean): string[] {
  const shown = all ? check.violations : check.violations.slice(0, SHOWN);
  const rest = check.violations.length - shown.length;
  const lines = shown.map((text) => `- ${plainText(text)}`);
  return rest > 0 ? [...lines, `- and ${rest} more: --all shows them`] : lines;
}

/** `Green: 9 checks passed.` */
export function verdictText({ green, checks }: ProofReport): string {
  if (green) return `Green: ${shownOf(checks.length, checks.length, 'check')} passed.`;
  const red = checks.filter((check) => !check.passed).length;
  return `Red: ${red} of ${shownOf(checks.length, checks.length, 'check')} failed.`;
}

export function proofColumns(time: (moment: Date) => string): Column<ProofReport>[] {
  return [
    { header: 'kind', value: (proof) => proof.kind },
    { header: 'day', value: (proof) => proof.day },
    { header: 'result', value: (proof) => (proof.green ? 'green' : 'RED') },
    { header: 'ran', value: (proof) => time(proof.ranAt) },
    { header: 'failed', value: failedChecks },
  ];
}

function failedChecks({ checks }: ProofReport): string {
  return checks
    .filter((check) => !check.passed)
    .map((check) => check.name)
    .join(', ');
}

const INDENT = '  ';
const GAP = '  ';
/** Texts get at least so much, however narrow the terminal. */
const NARROWEST_TEXT = 30;

/**
 * An explanation as lines: amounts aligned at the left, texts beside them, indented by depth.
 * @param width of the terminal; undefined where nothing is to be broken
 */
export function explanationLines(
  { lines, currency }: Pick<Explanation, 'lines' | 'currency'>,
  width: number | undefined,
): string[] {
  const amounts = lines.map(({ amountMinor }) =>
    amountMinor === null ? '' : formatAmount(amountMinor, currency),
  );
  const amountWidth = Math.max(0, ...amounts.map(displayWidth));
  return lines.flatMap(({ depth, text }, index) => {
    const before = GAP + INDENT.repeat(depth);
    const room = (width ?? Number.POSITIVE_INFINITY) - amountWidth - before.length;
    const parts = wrapText(plainText(text), Math.max(NARROWEST_TEXT, room));
    return parts.map((part, at) => {
      const amount = pad(at === 0 ? (amounts[index] ?? '') : '', amountWidth, 'right');
      return amount + before + part;
    });
  });
}
