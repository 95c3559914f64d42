import type { Answer } from './http-caller.ts';

/** What the play has seen so far: to show it, and to compare it with what is stored. */
export interface Tally {
  /** Ids that an answer named, each as often as an answer said "placed", replays aside. */
  acknowledged: string[];
  completed: number;
  cancelled: number;
  failed: number;
  rebooked: number;
  /** Answers "nobody is free". */
  conflicts: number;
  /** Of those, the ones after which the customer took a named time and got the order. */
  conflictsFollowed: number;
  /** Conflict answers that name more times than they may, or impossible ones. */
  badConflicts: string[];
  /** Requests sent again and answered with the same order. */
  replays: number;
  badReplays: string[];
  quotes: number;
  /** Answers that should not have come. */
  surprises: string[];
}

export function createTally(): Tally {
  return {
    acknowledged: [],
    completed: 0,
    cancelled: 0,
    failed: 0,
    rebooked: 0,
    conflicts: 0,
    conflictsFollowed: 0,
    badConflicts: [],
    replays: 0,
    badReplays: [],
    quotes: 0,
    surprises: [],
  };
}

/** Whether the answer is the expected one; any other is kept for the end. */
export function isExpected(
  tally: Tally,
  what: string,
  answer: Answer<unknown>,
  status: number,
): boolean {
  if (answer.status === status) return true;
  const { body } = answer;
  const said = typeof body === 'object' && body && 'detail' in body ? String(body.detail) : '';
  tally.surprises.push(`${what} was answered ${answer.status} instead of ${status}. ${said}`);
  return false;
}
