import { reportError } from '../error-report.ts';

/** One thing that was looked at. */
export interface Finding {
  what: string;
  state: 'ok' | 'warn' | 'fail';
  /** What was found, without secrets. */
  detail: string;
  /** What to do about it; for everything that is not ok. */
  remedy?: string;
}

export const ok = (what: string, detail: string): Finding => ({ what, state: 'ok', detail });

export const warn = (what: string, detail: string, remedy: string): Finding => ({
  what,
  state: 'warn',
  detail,
  remedy,
});

export const fail = (what: string, detail: string, remedy: string): Finding => ({
  what,
  state: 'fail',
  detail,
  remedy,
});

/** Looks at one thing; what it throws is a failure of that thing. */
export async function look(
  what: string,
  remedy: string,
  examine: () => Promise<Finding | Finding[]> | Finding | Finding[],
): Promise<Finding[]> {
  try {
    return [await examine()].flat();
  } catch (error) {
    return [fail(what, reportError(error).error.message, remedy)];
  }
}
