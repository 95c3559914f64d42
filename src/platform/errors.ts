/**
 * The closed list of what can go wrong. Each adapter (HTTP, CLI, jobs) maps these kinds once,
 * exhaustively; no context knows how they look outside.
 */
export type ErrorKind =
  /** The input is not acceptable; `issues` says where. */
  | 'invalid'
  /** No such thing, or not for the one who asks. */
  | 'not_found'
  /** Acceptable in itself, but not in the present state. */
  | 'conflict'
  /** The one who asks may not do this at all. */
  | 'forbidden'
  /** Something we depend on does not answer; trying again later is sensible. */
  | 'unavailable';

/** One fault in an input: where it is (dotted path or cell address) and what was expected. */
export interface Issue {
  path: string;
  message: string;
}

/**
 * An error that a caller can act on. `code` is stable and documented (snake_case),
 * `data` is plain JSON that helps to mend the situation, `message` is a whole sentence for people.
 */
export class StewardError extends Error {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly issues: readonly Issue[];

  constructor(
    kind: ErrorKind,
    code: string,
    message: string,
    more: { data?: Record<string, unknown>; issues?: readonly Issue[]; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'StewardError';
    this.kind = kind;
    this.code = code;
    this.data = more.data ?? {};
    this.issues = more.issues ?? [];
  }
}

/** The input is wrong; every fault is listed. */
export function invalid(message: string, issues: readonly Issue[], code = 'invalid_input') {
  return new StewardError('invalid', code, message, { issues });
}

/** `what` is a noun from the glossary ("order"); the id is repeated so that a typo is seen. */
export function notFound(what: string, id: string) {
  return new StewardError('not_found', `${what}_not_found`, `There is no ${what} "${id}".`, {
    data: { id },
  });
}

/** The state of things does not allow it; `data` says what would be allowed. */
export function conflict(code: string, message: string, data: Record<string, unknown> = {}) {
  return new StewardError('conflict', code, message, { data });
}

/** Not allowed for this role or this person. */
export function forbidden(code: string, message: string) {
  return new StewardError('forbidden', code, message);
}

/** A dependency does not answer; nothing was done. */
export function unavailable(code: string, message: string, cause?: unknown) {
  return new StewardError('unavailable', code, message, { cause });
}
