import { z } from 'zod';
import type { OrderedService, ReferenceSample } from '../samples.ts';
import type { ScoringStep } from '../step.ts';
import { foldWord } from './words.ts';

/** For which words of a service (skills, category) a trait matters; `*` is every service. */
const DEFAULT_TRAITS: Record<string, string[]> = {
  punctual: ['*'],
  patient: ['care', 'childcare', 'pets', 'grooming', 'it'],
  strong: ['heavy', 'moving', 'garden'],
  tidy: ['cleaning', 'laundry', 'kitchen', 'cooking', 'assembly'],
  'no car': ['driving', 'courier', 'car'],
  slow: ['courier', 'errands'],
  quiet: ['care', 'childcare'],
};

interface StrengthsParameters {
  traits: Record<string, string[]>;
  perStrength: number;
  perWeakness: number;
}

/** Weighs what is noted about the worker against what the service needs. */
export const strengths: ScoringStep<StrengthsParameters> = {
  name: 'strengths',
  describe:
    'Prefers workers whose strengths matter for the service and whose weaknesses do not; 0.5 is neutral.',
  kind: 'score',
  parameters: z.strictObject({
    traits: z
      .record(z.string(), z.array(z.string()))
      .default(DEFAULT_TRAITS)
      .transform((traits) =>
        Object.fromEntries(
          Object.entries(traits).map(([trait, words]) => [foldWord(trait), words.map(foldWord)]),
        ),
      ),
    perStrength: z.number().min(0).max(1).default(0.25),
    perWeakness: z.number().min(0).max(1).default(0.25),
  }),
  run(reference, candidate, { traits, perStrength, perWeakness }) {
    if (candidate.strengths.length === 0 && candidate.weaknesses.length === 0) return NEUTRAL;
    const words = serviceWords(reference);
    const good = candidate.strengths.filter((trait) => matters(trait, words, traits));
    const bad = candidate.weaknesses.filter((trait) => matters(trait, words, traits));
    if (good.length === 0 && bad.length === 0) return NEUTRAL;
    const score = 0.5 + good.length * perStrength - bad.length * perWeakness;
    const told = [
      ...(good.length > 0 ? [`strong in: ${good.join(', ')}`] : []),
      ...(bad.length > 0 ? [`weak in: ${bad.join(', ')}`] : []),
    ];
    return { score: Math.min(1, Math.max(0, score)), reason: told.join('; ') };
  },
};

const NEUTRAL = Object.freeze({
  score: 0.5,
  reason: 'no noted strength or weakness matters for this service',
});

/** A trait matters by the table, or when it is itself a word of the service. */
function matters(trait: string, words: readonly string[], traits: Record<string, string[]>) {
  const folded = foldWord(trait);
  if (words.includes(folded)) return true;
  const table = Object.hasOwn(traits, folded) ? traits[folded] : undefined;
  return table?.some((word) => word === '*' || words.includes(word)) ?? false;
}

/** The words of a service, remembered while the service is: all workers of a list need the same. */
const rememberedWords = new WeakMap<OrderedService, readonly string[]>();

function serviceWords({ service }: ReferenceSample): readonly string[] {
  const known = rememberedWords.get(service);
  if (known) return known;
  const category = foldWord(service.category);
  const words = [...service.skills.map(foldWord), category, ...category.split(' ')];
  rememberedWords.set(service, words);
  return words;
}
