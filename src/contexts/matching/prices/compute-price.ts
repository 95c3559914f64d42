import { unavailable } from '../../../platform/errors.ts';
import type { MatchingContext } from '../context.ts';
import { errorText } from '../parameters.ts';
import type { PreparedFormula } from '../pipeline.ts';
import type { NormalSample, PriceRequest } from '../samples.ts';
import type { Price, PriceLine } from '../step.ts';
import { catalogPrice } from './price-formulas.ts';

/** A price with its lines, in minor units of the deployment's currency. */
export interface PriceQuote {
  readonly amountMinor: bigint;
  readonly lines: readonly PriceLine[];
  /** The formula that made it. */
  readonly formula: string;
  /** Where the configured formula failed and the catalog price stands in: why; to be logged. */
  readonly fault?: string;
}

/** Beyond 2^53 minor units an amount is no longer exact in JSON. */
const MAX_AMOUNT_MINOR = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * The price by the configured formula. The worker is null in a quote.
 * @throws StewardError `price_formula_failed` when the formula fails and `onError` is `refuse`
 */
export function computePrice(
  prepared: PreparedFormula,
  request: PriceRequest,
  candidate: NormalSample | null,
  context: MatchingContext,
): PriceQuote {
  const { formula, parameters, onError } = prepared;
  try {
    const price: unknown = formula.price(request, candidate, parameters, context);
    assertPrice(price);
    return { amountMinor: price.amountMinor, lines: price.lines, formula: formula.name };
  } catch (error) {
    const fault = `The price formula "${formula.name}" failed: ${errorText(error)}.`;
    if (onError === 'refuse') throw unavailable('price_formula_failed', fault, error);
    const standIn = { defaultPriceMinor: defaultPriceOf(parameters) };
    const price = catalogPrice.price(request, candidate, standIn, context);
    return { ...price, formula: catalogPrice.name, fault };
  }
}

function assertPrice(price: unknown): asserts price is Price {
  if (price instanceof Promise) {
    // A promise that nobody waits for would end the process when it is rejected.
    price.catch(() => undefined);
    throw new TypeError('it returned a promise, expected a price at once');
  }
  if (!isPrice(price)) {
    throw new TypeError(
      'it must return { amountMinor, lines: [{ label, amountMinor }] } in bigint',
    );
  }
  const sum = price.lines.reduce((total, line) => total + line.amountMinor, 0n);
  if (sum !== price.amountMinor) {
    throw new RangeError(`its lines add up to ${sum}, its amount is ${price.amountMinor}`);
  }
  if (price.amountMinor < 0n || price.amountMinor > MAX_AMOUNT_MINOR) {
    throw new RangeError(
      `its amount ${price.amountMinor} is not between 0 and ${MAX_AMOUNT_MINOR}`,
    );
  }
}

function isPrice(value: unknown): value is Price {
  if (value === null || typeof value !== 'object') return false;
  const { amountMinor, lines } = value as Partial<Record<keyof Price, unknown>>;
  return typeof amountMinor === 'bigint' && Array.isArray(lines) && lines.every(isLine);
}

function isLine(value: unknown): value is PriceLine {
  if (value === null || typeof value !== 'object') return false;
  const { label, amountMinor } = value as Partial<Record<keyof PriceLine, unknown>>;
  return typeof label === 'string' && label !== '' && typeof amountMinor === 'bigint';
}

/** The failed formula's own default price where it has one, so that the stand-in agrees with it. */
function defaultPriceOf(parameters: unknown): number | null {
  if (parameters === null || typeof parameters !== 'object') return null;
  const { defaultPriceMinor: own } = parameters as { defaultPriceMinor?: unknown };
  return typeof own === 'number' && Number.isSafeInteger(own) && own >= 0 ? own : null;
}
