import { createContext } from './context.ts';
import { type Pipeline, preparePipeline, WEIGHT_UNITS } from './pipeline.ts';
import { computePrice, type PriceQuote } from './prices/compute-price.ts';
import { createRanker, type Ranking } from './rank.ts';
import type { NormalSample, PriceRequest, ReferenceSample } from './samples.ts';

/**
 * The library that picks the worker: an ordered pipeline of named steps over a short list
 * that the caller fetches, and a price formula. Pure: the same arguments give the same answer.
 */
export interface Matching {
  /**
   * Ranks the short list, the best first. A step that fails never loses the order: a score counts
   * as 0.5, an excluding step does what its `onError` says, and `faults` tells the caller.
   * @param shortListLimit the most that the short list can hold, for the receipt; a full list may
   *   have cut somebody off
   */
  rank(
    reference: ReferenceSample,
    candidates: readonly NormalSample[],
    shortListLimit?: number,
  ): Ranking;

  /**
   * The price of the order when this worker carries it out. When the formula fails, the catalog
   * price stands in and `fault` says why.
   * @throws StewardError `price_formula_failed` (unavailable) when the configuration asks for it
   */
  price(reference: ReferenceSample, candidate: NormalSample): PriceQuote;

  /**
   * The approximate price before anybody is matched; time and place may be unknown (null).
   * @throws StewardError `price_formula_failed` (unavailable) when the configuration asks for it
   */
  quote(request: PriceRequest): PriceQuote;

  /** The configuration as it runs, for people. */
  describe(): MatchingDescription;
}

/** What `describe` tells. */
export interface MatchingDescription {
  readonly steps: readonly {
    readonly name: string;
    readonly kind: 'exclude' | 'score';
    readonly describe: string;
    readonly parameters: unknown;
    /** What stands in the configuration where the step comes from outside; null for a built-in. */
    readonly module: string | null;
    /** Null for an excluding step. */
    readonly weight: number | null;
    /** The weight as a share of all weights, 0 to 1; null for an excluding step. */
    readonly share: number | null;
  }[];
  readonly price: {
    readonly name: string;
    readonly describe: string;
    readonly parameters: unknown;
    readonly module: string | null;
  };
  readonly ties: string;
}

/** What the library needs besides its configuration. */
export interface MatchingOptions {
  /** Folder of the configuration file: modules and packages are found from there. */
  readonly resolveFrom: string;
  /** Business time zone (IANA name), for steps and formulas that look at the clock; UTC if none. */
  readonly timeZone?: string;
  /** Minor units in one unit of the currency; 100 if none. */
  readonly minorUnitsPerUnit?: bigint;
}

/**
 * Checks the configuration (the key `matching` of `rules.json`) and loads the modules it names.
 * @throws StewardError `invalid_matching_config` with every fault and its path in `issues`
 * @throws StewardError `invalid_time_zone`
 */
export async function createMatching(config: unknown, options: MatchingOptions): Promise<Matching> {
  const context = createContext(options.timeZone ?? 'UTC', options.minorUnitsPerUnit);
  const pipeline = await preparePipeline(config, options.resolveFrom);
  return {
    rank: createRanker(pipeline, context),
    price: (reference, candidate) => computePrice(pipeline.formula, reference, candidate, context),
    quote: (request) => computePrice(pipeline.formula, request, null, context),
    describe: () => describePipeline(pipeline),
  };
}

function describePipeline({ steps, formula }: Pipeline): MatchingDescription {
  const weightSum = steps.reduce((sum, { weightUnits }) => sum + weightUnits, 0);
  return {
    steps: steps.map(({ step, parameters, module, weightUnits }) => ({
      name: step.name,
      kind: step.kind,
      describe: step.describe,
      parameters,
      module,
      weight: step.kind === 'score' ? weightUnits / WEIGHT_UNITS : null,
      share: step.kind === 'score' && weightSum > 0 ? weightUnits / weightSum : null,
    })),
    price: {
      name: formula.formula.name,
      describe: formula.formula.describe,
      parameters: formula.parameters,
      module: formula.module,
    },
    ties: 'Equal totals go to whoever was not assigned for longest, then to the smaller worker id.',
  };
}
