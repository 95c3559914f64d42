import type { MatchingContext } from './context.ts';
import { errorText } from './parameters.ts';
import { type Pipeline, type PreparedStep, WEIGHT_UNITS } from './pipeline.ts';
import { type MatchReceipt, RECEIPT_VERSION, type ReceiptStep } from './receipt/receipt.ts';
import type { NormalSample, ReferenceSample } from './samples.ts';

/** Ten-thousandths. Scores are rounded to them first, so that what is ranked is what is shown. */
const SCORE_UNITS = 10_000;
/** What a scoring step that failed counts: neither for nor against the worker. */
const NEUTRAL_UNITS = SCORE_UNITS / 2;
/** Longer reasons and errors of outside steps are cut: a receipt is written with every order. */
const MAX_REASON_LENGTH = 300;

/** A worker in the ranking; the best first. */
interface Ranked {
  readonly workerId: string;
  /** Weighted mean of the scores, 0 to 1. */
  readonly total: number;
}

/** A step that failed while ranking; to be logged by the caller. */
export interface StepFault {
  /** Name of the step. */
  readonly step: string;
  /** What stands in the configuration where the step comes from outside. */
  readonly module: string | null;
  /** The error for one worker. */
  readonly error: string;
  readonly workerId: string;
  /** For how many workers it failed. */
  readonly candidates: number;
}

/** The outcome of a match. `ranked` is empty when everybody is excluded. */
export interface Ranking {
  readonly ranked: readonly Ranked[];
  readonly receipt: MatchReceipt;
  readonly faults: readonly StepFault[];
}

interface Scored {
  readonly candidate: NormalSample;
  /** Weight units times score units: exact, far below 2^53. */
  readonly sum: number;
  readonly scores: (number | null)[];
  readonly reasons: string[];
}

type Fault = NonNullable<MatchReceipt['faults']>[number];
type Verdict = { reason: string | null; units: number; failed: boolean };

/** Runs one candidate list through one pipeline; made once, used for every order. */
type Ranker = (
  reference: ReferenceSample,
  candidates: readonly NormalSample[],
  shortListLimit?: number,
) => Ranking;

/**
 * A ranker for this pipeline. Equal inputs give equal rankings on every machine, whatever the order
 * of the candidates: sums are whole numbers, and ties go to whoever was not assigned for longest
 * (never comes first), then to the smaller worker id by code unit.
 */
export function createRanker(pipeline: Pipeline, context: MatchingContext): Ranker {
  const steps = pipeline.steps.map(toReceiptStep);
  const weightSum = pipeline.steps.reduce((sum, { weightUnits }) => sum + weightUnits, 0);

  return (reference, candidates, shortListLimit) => {
    const faults = new Map<number, Fault>();
    const scored: Scored[] = [];
    const excluded: MatchReceipt['excluded'] = [];
    for (const candidate of candidates) {
      const outcome = judge(pipeline.steps, reference, candidate, context, faults);
      if ('step' in outcome) excluded.push(outcome);
      else scored.push(outcome);
    }
    scored.sort(byRank);
    excluded.sort((a, b) => compareText(a.workerId, b.workerId));
    const ranked = scored.map(({ candidate, sum, scores, reasons }, index) => {
      const total = weightSum === 0 ? 0 : Math.round(sum / weightSum) / SCORE_UNITS;
      const entry: MatchReceipt['ranked'][number] = {
        workerId: candidate.workerId,
        total,
        scores,
      };
      if (index < pipeline.reasonsFor) entry.reasons = reasons;
      return entry;
    });
    const receipt: MatchReceipt = {
      receiptVersion: RECEIPT_VERSION,
      request: {
        service: reference.service.code,
        skills: [...reference.service.skills],
        city: reference.place.city,
        from: reference.scheduledAt.toISOString(),
        to: reference.endsAt.toISOString(),
      },
      shortList: { considered: candidates.length },
      steps,
      ranked,
      excluded,
    };
    if (shortListLimit !== undefined) receipt.shortList.limit = shortListLimit;
    if (faults.size > 0) receipt.faults = [...faults.values()].sort((a, b) => a.step - b.step);
    return { ranked, receipt, faults: describeFaults(receipt.faults ?? [], pipeline.steps) };
  };
}

function judge(
  steps: readonly PreparedStep[],
  reference: ReferenceSample,
  candidate: NormalSample,
  context: MatchingContext,
  faults: Map<number, Fault>,
): Scored | MatchReceipt['excluded'][number] {
  let sum = 0;
  const scores: (number | null)[] = [];
  const reasons: string[] = [];
  let index = -1;
  for (const prepared of steps) {
    index += 1;
    const verdict = runStep(prepared, reference, candidate, context);
    if (verdict.failed) note(faults, index, verdict.reason ?? '', candidate.workerId);
    if (prepared.step.kind === 'score') {
      sum += prepared.weightUnits * verdict.units;
      scores.push(verdict.failed ? null : verdict.units / SCORE_UNITS);
      reasons.push(verdict.reason ?? '');
      continue;
    }
    if (verdict.reason === null || (verdict.failed && prepared.onError === 'ignore')) continue;
    const entry: MatchReceipt['excluded'][number] = {
      workerId: candidate.workerId,
      step: index,
      reason: verdict.reason,
    };
    if (scores.length > 0) entry.scores = scores;
    return entry;
  }
  return { candidate, sum, scores, reasons };
}

/** Runs a step so that nothing it does can lose the order. */
function runStep(
  prepared: PreparedStep,
  reference: ReferenceSample,
  candidate: NormalSample,
  context: MatchingContext,
): Verdict {
  const { step, parameters } = prepared;
  try {
    if (step.kind === 'exclude') {
      const reason: unknown = step.run(reference, candidate, parameters, context);
      if (reason === null || reason === undefined) return PASSED;
      if (typeof reason !== 'string' || reason.trim() === '') throw unexpected(step.kind, reason);
      return { reason: presentable(reason, prepared, reference), units: 0, failed: false };
    }
    const answer: unknown = step.run(reference, candidate, parameters, context);
    if (!isScore(answer)) throw unexpected(step.kind, answer);
    const reason = presentable(answer.reason, prepared, reference);
    return { reason, units: Math.round(answer.score * SCORE_UNITS), failed: false };
  } catch (error) {
    const reason = presentable(`the step failed: ${errorText(error)}`, prepared, reference);
    return { reason, units: NEUTRAL_UNITS, failed: true };
  }
}

const PASSED: Verdict = Object.freeze({ reason: null, units: 0, failed: false });

function isScore(answer: unknown): answer is { score: number; reason: string } {
  if (answer === null || typeof answer !== 'object') return false;
  const { score, reason } = answer as { score?: unknown; reason?: unknown };
  // NaN is neither at least 0 nor at most 1.
  return typeof score === 'number' && score >= 0 && score <= 1 && typeof reason === 'string';
}

function unexpected(kind: 'exclude' | 'score', answer: unknown): TypeError {
  // A promise that nobody waits for would end the process when it is rejected.
  if (answer instanceof Promise) answer.catch(() => undefined);
  const expected =
    kind === 'score' ? 'a score from 0 to 1 with a reason' : 'null or a reason in words';
  return new TypeError(`it returned ${show(answer)}, expected ${expected}`);
}

function show(answer: unknown): string {
  if (answer instanceof Promise) return 'a promise';
  if (answer === null || typeof answer !== 'object') return String(answer) || 'an empty text';
  const { score } = answer as { score?: unknown };
  return `an object with the score ${String(score)}`;
}

/** Reasons of outside steps are kept short and without the address, the one thing that is personal. */
function presentable(reason: string, { module }: PreparedStep, { place }: ReferenceSample): string {
  if (module === null) return reason;
  const clean = place.address === '' ? reason : reason.replaceAll(place.address, '[address]');
  return clean.trim().replace(/\.$/, '').slice(0, MAX_REASON_LENGTH);
}

function note(faults: Map<number, Fault>, step: number, error: string, workerId: string): void {
  const known = faults.get(step);
  if (!known) {
    faults.set(step, { step, error, candidates: 1, workerId });
    return;
  }
  known.candidates += 1;
  // The first by id, not by arrival, keeps the receipt independent of the order of candidates.
  if (compareText(workerId, known.workerId) < 0) Object.assign(known, { error, workerId });
}

function describeFaults(
  faults: readonly Fault[],
  steps: readonly PreparedStep[],
): readonly StepFault[] {
  return faults.map(({ step, error, workerId, candidates }) => {
    const prepared = steps[step];
    const name = prepared?.step.name ?? String(step);
    return { step: name, module: prepared?.module ?? null, error, workerId, candidates };
  });
}

function byRank(left: Scored, right: Scored): number {
  return (
    right.sum - left.sum ||
    assignedAt(left.candidate) - assignedAt(right.candidate) ||
    compareText(left.candidate.workerId, right.candidate.workerId)
  );
}

function assignedAt({ lastAssignedAt }: NormalSample): number {
  return lastAssignedAt === null ? Number.MIN_SAFE_INTEGER : lastAssignedAt.getTime();
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function toReceiptStep({ step, weightUnits, parameters, module }: PreparedStep): ReceiptStep {
  return {
    name: step.name,
    kind: step.kind,
    ...(step.kind === 'score' ? { weight: weightUnits / WEIGHT_UNITS } : {}),
    parameters,
    ...(module === null ? {} : { module }),
  };
}
