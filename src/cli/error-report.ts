import { stripVTControlCharacters } from 'node:util';
import { type ErrorKind, type Issue, StewardError } from '../platform/errors.ts';
import { nearest } from '../platform/nearest.ts';
import { sqlState } from '../platform/postgres/database-errors.ts';
import { EXIT, type ExitCode, exitCodeOf } from './exit-codes.ts';

/** An error as a command shows it: for people as sentences, for programs as JSON. */
export interface ErrorReport {
  exitCode: ExitCode;
  error: {
    kind: ErrorKind | 'usage' | 'interrupted' | 'unexpected';
    /** Stable and documented; scripts branch on it. */
    code: string;
    message: string;
    issues: readonly Issue[];
    data: Readonly<Record<string, unknown>>;
  };
  /** For whoever mends the program; shown with LOG_LEVEL=debug only. */
  stack?: string;
}

/** The user pressed Ctrl-C, or closed the input of a question. */
export class Interrupted extends Error {
  constructor() {
    super('Interrupted.');
    this.name = 'Interrupted';
  }
}

/** What was typed makes no sense together, or something needed was not typed. */
export class UsageError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'UsageError';
    this.code = code;
  }
}

const NOT_ALLOWED = '42501';
/** oclif's own code for a command that nobody knows. */
const NO_SUCH_COMMAND = 127;

/**
 * Says what went wrong and which exit code that is. Anything unknown is `unexpected`.
 * @param known the commands that exist, for "did you mean"
 */
export function reportError(error: unknown, known: readonly string[] = []): ErrorReport {
  if (error instanceof StewardError) return fromSteward(error);
  if (error instanceof Interrupted) return plain('interrupted', 'interrupted', error.message);
  if (error instanceof UsageError) return plain('usage', error.code, error.message);
  if (sqlState(error) === NOT_ALLOWED) return fromDatabaseRights(error);
  const exit = oclifExit(error);
  if (exit !== undefined && error instanceof Error) return fromOclif(error, exit, known);
  return {
    exitCode: EXIT.failed,
    error: {
      kind: 'unexpected',
      code: 'unexpected',
      message: `Something unexpected happened: ${messageOf(error)}`,
      issues: [],
      data: {},
    },
    stack: error instanceof Error ? error.stack : undefined,
  };
}

function fromSteward(error: StewardError): ErrorReport {
  const { kind, code, message, issues, data } = error;
  return { exitCode: exitCodeOf(kind), error: { kind, code, message, issues, data } };
}

function fromDatabaseRights(error: unknown): ErrorReport {
  const message = `Your database role may not do this: ${messageOf(error)}. Ask ops for the right group role.`;
  return {
    exitCode: EXIT.notAllowed,
    error: { kind: 'forbidden', code: 'not_allowed', message, issues: [], data: {} },
  };
}

function fromOclif(error: Error, exit: number, known: readonly string[]): ErrorReport {
  if (exit === NO_SUCH_COMMAND || /^command .* not found$/.test(error.message)) {
    const typed = error.message.replace(/^command | not found$/g, '').replaceAll(':', ' ');
    const near = nearest(typed, known);
    const hint = near ? `Did you mean "steward ${near}"?` : 'See "steward --help".';
    return plain('usage', 'no_such_command', `There is no command "${typed}". ${hint}`);
  }
  const message = stripVTControlCharacters(error.message).replace(
    '\nSee more help with --help',
    '\nSee --help.',
  );
  return plain('usage', 'usage', message);
}

function plain(kind: 'usage' | 'interrupted', code: string, message: string): ErrorReport {
  const exitCode = kind === 'usage' ? EXIT.usage : EXIT.interrupted;
  return { exitCode, error: { kind, code, message, issues: [], data: {} } };
}

/** The exit code that oclif gave its own errors, or undefined for errors of others. */
function oclifExit(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('oclif' in error)) return undefined;
  const { oclif } = error;
  if (typeof oclif !== 'object' || oclif === null) return undefined;
  return 'exit' in oclif && typeof oclif.exit === 'number' ? oclif.exit : EXIT.usage;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The report as lines for people; each issue on a line of its own unless the message has it. */
export function renderError(report: ErrorReport): string {
  const { message, issues } = report.error;
  const lines = issues
    .filter((issue) => !message.includes(issue.message))
    .map((issue) => `  ${issue.path}: ${issue.message}`);
  return [message, ...lines].join('\n');
}
