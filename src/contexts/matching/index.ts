export { matchingConfigSchema } from './config.ts';
export { createMatching, type Matching } from './matching.ts';
export type { Ranking } from './rank.ts';
export { explainMatch, type MatchExplanation } from './receipt/explain-match.ts';
export { type MatchReceipt, parseMatchReceipt } from './receipt/receipt.ts';
export { whyNot } from './receipt/why-not.ts';
// The library's own words for the two sides of a match stay inside it.
export type {
  NormalSample as MatchCandidate,
  ReferenceSample as MatchRequest,
} from './samples.ts';
