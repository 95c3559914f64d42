export { type MatchingConfig, matchingConfigSchema } from './config.ts';
export {
  createMatching,
  type Matching,
  type MatchingDescription,
  type MatchingOptions,
} from './matching.ts';
export type { PriceQuote } from './prices/compute-price.ts';
export type { Ranking, StepFault } from './rank.ts';
export { explainMatch, type MatchExplanation } from './receipt/explain-match.ts';
export { type MatchReceipt, parseMatchReceipt } from './receipt/receipt.ts';
export { whyNot } from './receipt/why-not.ts';
// The library's own words for the two sides of a match stay inside it.
export type {
  NormalSample as MatchCandidate,
  PriceRequest,
  ReferenceSample as MatchRequest,
} from './samples.ts';
