import { z } from 'zod';
import type { MatchingContext } from '../context.ts';
import type { OrderedService } from '../samples.ts';
import type { PriceFormula, PriceLine } from '../step.ts';
import { divideRounded, type Rounding } from './rounding.ts';

/** what a service without a price costs, in units of the deployment's currency. */
const DEFAULT_PRICE_UNITS = 100n;

/** A JSON number, because parameters are JSON; null stands for the 100 units of R-02. */
const defaultPriceMinor = z.int().min(0).max(Number.MAX_SAFE_INTEGER).nullable().default(null);

/** the service's catalog price, or the default for a service without one. */
export const catalogPrice: PriceFormula<{ defaultPriceMinor: number | null }> = {
  name: 'catalog-price',
  describe: "The service's catalog price, or the default price for a service without one.",
  parameters: z.strictObject({ defaultPriceMinor }),
  price({ service }, _candidate, parameters, context) {
    const line = baseLine(service, parameters.defaultPriceMinor, context);
    return { amountMinor: line.amountMinor, lines: [line] };
  },
};

interface SurchargeParameters {
  defaultPriceMinor: number | null;
  eveningFromHour: number;
  eveningUntilHour: number;
  eveningPercent: number;
  weekendDays: number[];
  weekendPercent: number;
  topWorkerFromRating: number;
  topWorkerFromRatings: number;
  topWorkerPercent: number;
  rounding: Rounding;
}

const hour = z.int().min(0).max(24);
/** Two digits after the point, so that a percentage is a whole number of basis points. */
const percent = z.number().min(0).max(1000).multipleOf(0.01);

/** The catalog price and percentages of it for the evening, the weekend and a top-rated worker. */
export const catalogPriceWithSurcharges: PriceFormula<SurchargeParameters> = {
  name: 'catalog-price-with-surcharges',
  describe:
    'The catalog price plus percentages of it for evenings, weekends and top-rated workers.',
  parameters: z.strictObject({
    defaultPriceMinor,
    eveningFromHour: hour.default(18),
    eveningUntilHour: hour.default(7),
    eveningPercent: percent.default(15),
    weekendDays: z.array(z.int().min(1).max(7)).max(7).default([6, 7]),
    weekendPercent: percent.default(20),
    topWorkerFromRating: z.number().min(0).max(5).default(4.8),
    topWorkerFromRatings: z.int().min(1).default(20),
    topWorkerPercent: percent.default(0),
    rounding: z.enum(['half-even', 'half-up']).default('half-even'),
  }),
  price({ service, scheduledAt }, worker, parameters, context) {
    const base = baseLine(service, parameters.defaultPriceMinor, context);
    const lines: PriceLine[] = [base];
    // Percentages are of the catalog price and do not compound; each line is rounded by itself,
    // so the lines add up to the amount exactly.
    const surcharge = (label: string, percentage: number) => {
      if (percentage === 0) return;
      const basisPoints = BigInt(Math.round(percentage * 100));
      const product = base.amountMinor * basisPoints;
      const amountMinor = divideRounded(product, 10_000n, parameters.rounding);
      lines.push({ label: `${label} ${percentage} %`, amountMinor });
    };
    const local = scheduledAt && context.localTime(scheduledAt);
    if (local && isEvening(local.hour, parameters)) {
      surcharge('Evening surcharge', parameters.eveningPercent);
    }
    if (local && parameters.weekendDays.includes(local.weekday)) {
      surcharge('Weekend surcharge', parameters.weekendPercent);
    }
    if (
      worker &&
      (worker.rating ?? 0) >= parameters.topWorkerFromRating &&
      worker.ratingCount >= parameters.topWorkerFromRatings
    ) {
      surcharge('Top-rated worker', parameters.topWorkerPercent);
    }
    return { amountMinor: lines.reduce((sum, line) => sum + line.amountMinor, 0n), lines };
  },
};

function baseLine(
  service: OrderedService,
  defaultPriceMinor: number | null,
  context: MatchingContext,
): PriceLine {
  const fallback =
    defaultPriceMinor === null
      ? DEFAULT_PRICE_UNITS * context.minorUnitsPerUnit
      : BigInt(defaultPriceMinor);
  return { label: service.name, amountMinor: service.priceMinor ?? fallback };
}

/** From 18 until 7 goes over midnight; from 18 until 22 does not; equal hours are never evening. */
function isEvening(
  localHour: number,
  { eveningFromHour: from, eveningUntilHour: until }: SurchargeParameters,
): boolean {
  if (from <= until) return localHour >= from && localHour < until;
  return localHour >= from || localHour < until;
}
