import type { ErrorKind } from '../platform/errors.ts';

/** What the shell sees; documented in docs/reference/cli.md and stable. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  /** Some of it was done or found good, some was not. */
  partly: 3,
  notAllowed: 4,
  conflict: 5,
  /** 128 + SIGINT, as shells have it. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const OF_KIND: Record<ErrorKind, ExitCode> = {
  // What was typed, or configured, is not acceptable.
  invalid: EXIT.usage,
  not_found: EXIT.failed,
  conflict: EXIT.conflict,
  forbidden: EXIT.notAllowed,
  unavailable: EXIT.failed,
};

/** The exit code for an error of this kind. */
export function exitCodeOf(kind: ErrorKind): ExitCode {
  return OF_KIND[kind];
}
