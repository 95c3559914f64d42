import type { MatchingContext } from './context.ts';
import type { ParameterDeclaration } from './parameters.ts';
import type { NormalSample, PriceRequest, ReferenceSample } from './samples.ts';

/** A score and the clause that says where it comes from ("rated 4.8 from 12 ratings"). */
interface Score {
  /** From 0 (worst) to 1 (best). */
  readonly score: number;
  readonly reason: string;
}

interface StepBase<P> {
  /** Kebab-case; stands in receipts. */
  readonly name: string;
  /** One sentence for people. */
  readonly describe: string;
  /** A schema whose defaults fill every parameter, or a plain object of the default values. */
  readonly parameters?: ParameterDeclaration<P>;
}

/** Lets a worker pass (null) or excludes the worker (the reason, a clause about the worker). */
export interface ExcludingStep<P = unknown> extends StepBase<P> {
  readonly kind: 'exclude';
  run(
    reference: ReferenceSample,
    candidate: NormalSample,
    parameters: P,
    context: MatchingContext,
  ): string | null | undefined;
}

/** Says how well a worker fits. */
export interface ScoringStep<P = unknown> extends StepBase<P> {
  readonly kind: 'score';
  run(
    reference: ReferenceSample,
    candidate: NormalSample,
    parameters: P,
    context: MatchingContext,
  ): Score;
}

/**
 * One step of the pipeline. `run` is synchronous and pure: the same arguments give the same answer,
 * nothing is changed, nothing is read or written. What it returns is kept with the order, so a
 * reason holds no personal data.
 */
export type MatchingStep<P = unknown> = ExcludingStep<P> | ScoringStep<P>;

/** One line of a price; the lines add up to the amount. */
export interface PriceLine {
  readonly label: string;
  readonly amountMinor: bigint;
}

/** What a formula answers: not negative, in minor units of the deployment's currency. */
export interface Price {
  readonly amountMinor: bigint;
  readonly lines: readonly PriceLine[];
}

/** How a price is computed; pure and synchronous. The worker is null in a quote. */
export interface PriceFormula<P = unknown> {
  readonly name: string;
  readonly describe: string;
  readonly parameters?: ParameterDeclaration<P>;
  price(
    request: PriceRequest,
    candidate: NormalSample | null,
    parameters: P,
    context: MatchingContext,
  ): Price;
}
