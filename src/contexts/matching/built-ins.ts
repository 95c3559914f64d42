import { catalogPrice, catalogPriceWithSurcharges } from './prices/price-formulas.ts';
import type { MatchingStep, PriceFormula } from './step.ts';
import { dailyLimit, hasSkills, minimumRating, sameCity } from './steps/excluding-steps.ts';
import { evenLoad, experience, knowsCustomer, rating } from './steps/scoring-steps.ts';
import { strengths } from './steps/strengths-step.ts';

const steps: readonly MatchingStep[] = [
  hasSkills,
  sameCity,
  dailyLimit,
  minimumRating,
  rating,
  experience,
  evenLoad,
  knowsCustomer,
  strengths,
];

const formulas: readonly PriceFormula[] = [catalogPrice, catalogPriceWithSurcharges];

/** The steps that come with the library, by name. */
export const builtInSteps: ReadonlyMap<string, MatchingStep> = new Map(
  steps.map((step) => [step.name, step]),
);

/** The price formulas that come with the library, by name. */
export const builtInFormulas: ReadonlyMap<string, PriceFormula> = new Map(
  formulas.map((formula) => [formula.name, formula]),
);
