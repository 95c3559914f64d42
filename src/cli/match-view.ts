import type { MatchReport } from '../contexts/orders/index.ts';
import type { Column } from './table.ts';
import { plainText } from './text-width.ts';

type Explanation = MatchReport['explanation'];
type Candidate = Explanation['candidates'][number];
type Step = Explanation['steps'][number];
type Outcome = Candidate['steps'][number];

/** The steps of the pipeline as they ran. */
export const stepColumns: Column<Step>[] = [
  { header: '#', value: (step) => step.position, align: 'right' },
  { header: 'step', value: (step) => step.name },
  { header: 'does', value: (step) => (step.kind === 'score' ? 'scores' : 'excludes') },
  {
    header: 'share',
    value: (step) => (step.share === null ? null : `${(step.share * 100).toFixed(0)} %`),
    align: 'right',
  },
  { header: 'parameters', value: (step) => parameterText(step.parameters) },
  { header: 'module', value: (step) => step.module },
];

/** One who was considered: a line with the decision, then a line for each step that said something. */
export function candidateLines(candidate: Candidate): string[] {
  const { rank, name, workerId, total } = candidate;
  const place = rank === null ? ' –' : String(rank).padStart(2);
  const who = name === null ? workerId : `${plainText(name)} (${workerId})`;
  const sum = total === null ? '' : `, total ${total.toFixed(3)}`;
  const said = candidate.steps.filter((step) => SAYS_SOMETHING.has(step.outcome));
  const nameWidth = Math.max(0, ...said.map((step) => step.step.length));
  return [
    `${place}  ${decision(candidate)}${sum}: ${who}`,
    ...said.map((step) => `    ${step.step.padEnd(nameWidth)}  ${outcomeText(step)}`),
  ];
}

const SAYS_SOMETHING: ReadonlySet<Outcome['outcome']> = new Set(['scored', 'failed', 'excluded']);

function decision(candidate: Candidate): string {
  if (candidate.chosen) return 'chosen';
  if (candidate.takenMeanwhile) return 'taken meanwhile';
  return candidate.rank === null ? 'excluded' : 'ranked';
}

/** `0.75 +0.300  not rated yet, counts as 4`. */
function outcomeText({ outcome, score, contribution, reason }: Outcome): string {
  if (outcome === 'excluded') return plainText(reason ?? 'excluded');
  const points = `${score?.toFixed(2)} +${contribution?.toFixed(3)}`;
  const said = outcome === 'failed' ? 'failed, counted as neutral' : reason;
  return said ? `${points}  ${plainText(said)}` : points;
}

function parameterText(parameters: unknown): string {
  if (typeof parameters !== 'object' || parameters === null) return '';
  return Object.entries(parameters)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}
