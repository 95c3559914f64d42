import type { MatchReport } from '../contexts/orders/index.ts';
import type { Column } from './table.ts';

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

/** Who was considered, best first, and what each step said. */
export const candidateColumns: Column<Candidate>[] = [
  { header: 'rank', value: (candidate) => candidate.rank ?? '–', align: 'right' },
  { header: 'worker', value: (candidate) => candidate.name ?? candidate.workerId },
  { header: 'total', value: (candidate) => candidate.total?.toFixed(3), align: 'right' },
  { header: 'decision', value: decision },
  { header: 'why', value: (candidate) => reasons(candidate.steps) },
  { header: 'id', value: (candidate) => (candidate.name === null ? null : candidate.workerId) },
];

function decision(candidate: Candidate): string {
  if (candidate.chosen) return 'chosen';
  if (candidate.takenMeanwhile) return 'taken meanwhile';
  return candidate.rank === null ? 'excluded' : 'ranked';
}

function reasons(steps: readonly Outcome[]): string {
  return steps.map(outcomeText).filter(Boolean).join('; ');
}

function outcomeText({ step, outcome, score, contribution, reason }: Outcome): string {
  switch (outcome) {
    case 'excluded':
      return `${step}: ${reason ?? 'excluded'}`;
    case 'scored':
    case 'failed': {
      const said = outcome === 'failed' ? 'failed, counted as neutral' : reason;
      const points = `${step} ${score?.toFixed(2)} (+${contribution?.toFixed(3)})`;
      return said ? `${points} ${said}` : points;
    }
    case 'passed':
    case 'not-reached':
      return '';
  }
}

function parameterText(parameters: unknown): string {
  if (typeof parameters !== 'object' || parameters === null) return '';
  return Object.entries(parameters)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}
