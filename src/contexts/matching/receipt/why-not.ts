import { type ExplainOptions, nameOf, rankedOutcomes, type StepOutcome } from './explain-match.ts';
import type { MatchReceipt } from './receipt.ts';

type RankedEntry = MatchReceipt['ranked'][number];

/** A ranked worker with the place in the ranking, from 1. */
interface Placed {
  readonly entry: RankedEntry;
  readonly rank: number;
}

/**
 * Answers "why not this worker?" in sentences; for the chosen worker, why this one. Any id gets an
 * answer, also one that was never considered.
 */
export function whyNot(
  receipt: MatchReceipt,
  workerId: string,
  options: ExplainOptions = {},
): string[] {
  const who = nameOf(workerId, options);
  const excluded = receipt.excluded.find((entry) => entry.workerId === workerId);
  if (excluded) {
    const step = receipt.steps[excluded.step]?.name ?? String(excluded.step);
    return [capital(`${who} was excluded by the step "${step}": ${excluded.reason}.`)];
  }
  const asked = place(receipt, workerId);
  if (!asked) return notOnShortList(receipt, who);
  const chosen = place(receipt, receipt.chosenWorkerId ?? '');
  return (asked.rank === chosen?.rank ? whyThis : whyLower)(receipt, asked, chosen, options);
}

function place(receipt: MatchReceipt, workerId: string): Placed | null {
  const index = receipt.ranked.findIndex((entry) => entry.workerId === workerId);
  const entry = receipt.ranked[index];
  return entry ? { entry, rank: index + 1 } : null;
}

/** The chosen worker: what the choice rests on, and the distance to the next. */
function whyThis(
  receipt: MatchReceipt,
  { entry, rank }: Placed,
  _chosen: Placed | null,
  options: ExplainOptions,
): string[] {
  const who = nameOf(entry.workerId, options);
  const of = receipt.ranked.length;
  const sentences = [
    capital(`${who} was chosen: rank ${rank} of ${of} with a total of ${three(entry.total)}.`),
  ];
  const counted = rankedOutcomes(receipt, entry)
    .filter(({ contribution }) => contribution !== null && contribution > 0)
    .sort((a, b) => (b.contribution ?? 0) - (a.contribution ?? 0));
  if (counted.length > 0) sentences.push(`What it rests on: ${counted.map(told).join('; ')}.`);
  const next = receipt.ranked[rank];
  if (next) {
    const name = nameOf(next.workerId, options);
    sentences.push(`The next in the ranking was ${name} with ${three(next.total)}.`);
  }
  return sentences;
}

/** A ranked worker who did not get the order. */
function whyLower(
  receipt: MatchReceipt,
  asked: Placed,
  chosen: Placed | null,
  options: ExplainOptions,
): string[] {
  const who = nameOf(asked.entry.workerId, options);
  const of = receipt.ranked.length;
  const total = `rank ${asked.rank} of ${of} with a total of ${three(asked.entry.total)}`;
  // A receipt is made before the order is placed; until then the first is the one to beat.
  const first = receipt.ranked[0];
  const winner = chosen ?? (first ? { entry: first, rank: 1 } : asked);
  if (winner.rank === asked.rank) return [capital(`${who} has ${total}: nobody ranked higher.`)];
  const name = nameOf(winner.entry.workerId, options);
  if (asked.rank < winner.rank) {
    const taken = receipt.takenMeanwhile?.includes(asked.entry.workerId);
    const why = taken
      ? 'was taken by another order for that time at the same moment'
      : 'was no longer free when the order was placed';
    return [
      capital(`${who} had ${total}, above ${name} (${three(winner.entry.total)}), but ${why}.`),
    ];
  }
  const role = chosen ? 'was chosen' : 'ranked first';
  return [
    capital(`${who} had ${total}; ${name} ${role} with ${three(winner.entry.total)}.`),
    ...differences(receipt, asked.entry, winner.entry, name),
  ];
}

/** Which steps made the difference, the largest first, and what spoke for the worker. */
function differences(
  receipt: MatchReceipt,
  asked: RankedEntry,
  winner: RankedEntry,
  winnerName: string,
): string[] {
  const theirs = rankedOutcomes(receipt, winner);
  const pairs = rankedOutcomes(receipt, asked).flatMap((own, index) => {
    const other = theirs[index];
    if (!other || own.contribution === null || other.contribution === null) return [];
    return [{ own, other, difference: own.contribution - other.contribution }];
  });
  const against = pairs
    .filter(({ difference }) => difference < 0)
    .sort((a, b) => a.difference - b.difference);
  const inFavour = pairs
    .filter(({ difference }) => difference > 0)
    .sort((a, b) => b.difference - a.difference);
  const line = ({ own, other, difference }: (typeof pairs)[number]) =>
    `${own.step} ${score(own)} against ${score(other)} (${signed(difference)})`;
  const sentences: string[] = [];
  if (against.length > 0) {
    sentences.push(`What made the difference: ${against.map(line).join('; ')}.`);
  }
  if (inFavour.length > 0) sentences.push(`In favour: ${inFavour.map(line).join('; ')}.`);
  if (asked.total === winner.total) {
    sentences.push(
      `The totals are equal to four digits. An exact tie goes to whoever was not assigned for longest, then to the smaller id: ${winnerName}.`,
    );
  }
  return sentences;
}

function notOnShortList({ request, shortList }: MatchReceipt, who: string): string[] {
  const skills =
    request.skills.length === 0
      ? ''
      : ` with the ${request.skills.length === 1 ? 'skill' : 'skills'} ${request.skills.join(', ')}`;
  const sentences = [
    capital(`${who} was not on the short list.`),
    `The short list has only active workers in ${request.city}${skills} who were free from ${request.from} to ${request.to}.`,
  ];
  if (shortList.limit !== undefined && shortList.considered >= shortList.limit) {
    sentences.push(
      `It was full: it holds at most ${shortList.limit} workers, and there may have been more.`,
    );
  }
  return sentences;
}

function told(outcome: StepOutcome): string {
  return `${outcome.step} ${score(outcome)} (${signed(outcome.contribution ?? 0)})`;
}

function score({ score: value, outcome, reason }: StepOutcome): string {
  const words = outcome === 'failed' ? 'the step failed' : reason;
  return `${three(value ?? 0)}${words ? ` [${words}]` : ''}`;
}

function signed(difference: number): string {
  return `${difference < 0 ? '−' : '+'}${three(Math.abs(difference))}`;
}

function three(value: number): string {
  return value.toFixed(3);
}

function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
