import type { MatchReceipt } from './receipt.ts';

/** What one step did with one worker. */
export interface StepOutcome {
  readonly step: string;
  readonly outcome: 'passed' | 'scored' | 'failed' | 'excluded' | 'not-reached';
  /** 0 to 1; null for a step that did not score. A step that failed counts 0.5. */
  readonly score: number | null;
  /** What the step added to the total; null for a step that did not score. */
  readonly contribution: number | null;
  /** In words; null where the receipt kept none. */
  readonly reason: string | null;
}

/** One worker of the short list. */
interface CandidateExplanation {
  readonly workerId: string;
  /** Null where the caller gave no name. */
  readonly name: string | null;
  /** 1 is the best; null for an excluded worker. */
  readonly rank: number | null;
  readonly total: number | null;
  readonly chosen: boolean;
  /** Ranked above the chosen one, but got another order for that time at the same moment. */
  readonly takenMeanwhile: boolean;
  readonly steps: readonly StepOutcome[];
}

/** A receipt unfolded for people: what `steward orders why` shows. */
export interface MatchExplanation {
  readonly request: MatchReceipt['request'];
  readonly considered: number;
  readonly steps: readonly {
    readonly position: number;
    readonly name: string;
    readonly kind: 'exclude' | 'score';
    /** Share of all weights, 0 to 1; null for an excluding step. */
    readonly share: number | null;
    readonly weight: number | null;
    readonly parameters: unknown;
    readonly module: string | null;
  }[];
  /** Ranked ones first, best first; then the excluded. */
  readonly candidates: readonly CandidateExplanation[];
  readonly chosenWorkerId: string | null;
  /** The match in a few plain sentences. */
  readonly summary: readonly string[];
}

/** Names to show instead of ids; they are looked up by the caller and never stored here. */
export interface ExplainOptions {
  readonly names?: ReadonlyMap<string, string>;
}

/** Neutral, as ranking counts a step that failed. */
const NEUTRAL_SCORE = 0.5;

/** Unfolds a receipt. */
export function explainMatch(
  receipt: MatchReceipt,
  options: ExplainOptions = {},
): MatchExplanation {
  const weightSum = sumOfWeights(receipt);
  const ranked = receipt.ranked.map((entry, index) =>
    candidate(receipt, options, entry.workerId, {
      rank: index + 1,
      total: entry.total,
      steps: rankedOutcomes(receipt, entry),
    }),
  );
  const excluded = receipt.excluded.map((entry) =>
    candidate(receipt, options, entry.workerId, {
      rank: null,
      total: null,
      steps: excludedOutcomes(receipt, entry),
    }),
  );
  return {
    request: receipt.request,
    considered: receipt.shortList.considered,
    steps: receipt.steps.map((step, index) => ({
      position: index + 1,
      name: step.name,
      kind: step.kind,
      share:
        step.kind === 'score' && weightSum > 0 ? roundTo4((step.weight ?? 0) / weightSum) : null,
      weight: step.kind === 'score' ? (step.weight ?? 0) : null,
      parameters: step.parameters,
      module: step.module ?? null,
    })),
    candidates: [...ranked, ...excluded],
    chosenWorkerId: receipt.chosenWorkerId ?? null,
    summary: summarise(receipt, options),
  };
}

/** The name where it is known, else the id. */
export function nameOf(workerId: string, options: ExplainOptions): string {
  return options.names?.get(workerId) ?? `worker ${workerId}`;
}

/** What each step did with a ranked worker, in the order of the steps. */
export function rankedOutcomes(
  receipt: MatchReceipt,
  entry: MatchReceipt['ranked'][number],
): StepOutcome[] {
  return outcomes(receipt, entry.scores, entry.reasons ?? []);
}

function excludedOutcomes(
  receipt: MatchReceipt,
  entry: MatchReceipt['excluded'][number],
): StepOutcome[] {
  return outcomes(receipt, entry.scores ?? [], []).map((outcome, index): StepOutcome => {
    const nothing = { score: null, contribution: null };
    if (index < entry.step) return outcome;
    if (index > entry.step) {
      return { step: outcome.step, outcome: 'not-reached', ...nothing, reason: null };
    }
    return { step: outcome.step, outcome: 'excluded', ...nothing, reason: entry.reason };
  });
}

function outcomes(
  receipt: MatchReceipt,
  scores: readonly (number | null)[],
  reasons: readonly string[],
): StepOutcome[] {
  const weightSum = sumOfWeights(receipt);
  let position = -1;
  return receipt.steps.map((step): StepOutcome => {
    if (step.kind === 'exclude') {
      return { step: step.name, outcome: 'passed', score: null, contribution: null, reason: null };
    }
    position += 1;
    const given = scores[position] ?? null;
    const score = given ?? NEUTRAL_SCORE;
    return {
      step: step.name,
      outcome: given === null ? 'failed' : 'scored',
      score,
      contribution: weightSum === 0 ? 0 : roundTo4((score * (step.weight ?? 0)) / weightSum),
      reason: reasons[position] ?? null,
    };
  });
}

function candidate(
  receipt: MatchReceipt,
  options: ExplainOptions,
  workerId: string,
  rest: Pick<CandidateExplanation, 'rank' | 'total' | 'steps'>,
): CandidateExplanation {
  return {
    workerId,
    name: options.names?.get(workerId) ?? null,
    chosen: receipt.chosenWorkerId === workerId,
    takenMeanwhile: receipt.takenMeanwhile?.includes(workerId) ?? false,
    ...rest,
  };
}

function summarise(receipt: MatchReceipt, options: ExplainOptions): string[] {
  const { considered } = receipt.shortList;
  const sentences = [
    `${considered} free ${considered === 1 ? 'worker was' : 'workers were'} considered; ` +
      `${receipt.excluded.length} excluded, ${receipt.ranked.length} ranked.`,
  ];
  const rank = receipt.ranked.findIndex(({ workerId }) => workerId === receipt.chosenWorkerId);
  const chosen = receipt.ranked[rank];
  if (chosen) {
    const total = chosen.total.toFixed(3);
    const place = `rank ${rank + 1} of ${receipt.ranked.length}`;
    sentences.push(`${nameOf(chosen.workerId, options)} was chosen: ${place}, total ${total}.`);
  }
  for (const workerId of receipt.takenMeanwhile ?? []) {
    const name = nameOf(workerId, options);
    sentences.push(`${name} ranked higher but was taken by another order at the same moment.`);
  }
  for (const { step, error, candidates } of receipt.faults ?? []) {
    const name = receipt.steps[step]?.name ?? String(step);
    const whom = candidates === 1 ? '1 worker' : `${candidates} workers`;
    sentences.push(`The step "${name}" failed for ${whom}: ${error}.`);
  }
  return sentences;
}

function sumOfWeights(receipt: MatchReceipt): number {
  return receipt.steps.reduce((sum, { weight }) => sum + (weight ?? 0), 0);
}

function roundTo4(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
