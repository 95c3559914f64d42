import { ApiError } from './errors.ts';
import type { EmulatorClock } from './time-and-log.ts';

export interface Answer {
  status: number;
  body: unknown;
}

interface Kept {
  fingerprint: string;
  /** Null while the first request with the key is still running. */
  answer: Answer | null;
  since: number;
}

const FORGOTTEN_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * Keys as Stripe keeps them: the first answer, 500s too, is given again for 24 hours; other
 * parameters under the same key are refused; so is a second request while the first one runs.
 */
export class IdempotencyKeys {
  readonly #kept = new Map<string, Kept>();
  readonly #clock: EmulatorClock;

  constructor(clock: EmulatorClock) {
    this.#clock = clock;
  }

  /** The answer to give again, or null: then the request may run. @throws ApiError */
  begin(key: string, fingerprint: string): Answer | null {
    const now = this.#clock.milliseconds();
    const kept = this.#kept.get(key);
    if (!kept || now - kept.since >= FORGOTTEN_AFTER_MS) {
      this.#kept.set(key, { fingerprint, answer: null, since: now });
      return null;
    }
    if (kept.fingerprint !== fingerprint) {
      const message = `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`;
      throw new ApiError(400, { type: 'idempotency_error', message }, false);
    }
    if (!kept.answer) {
      const message = `There is currently another in-progress request using this Idempotent Key: ${key}`;
      const code = 'idempotency_key_in_use';
      throw new ApiError(409, { type: 'idempotency_error', code, message }, false);
    }
    return kept.answer;
  }

  keep(key: string, answer: Answer): void {
    const kept = this.#kept.get(key);
    if (kept) kept.answer = answer;
  }

  /** Nothing ran: the key is free again. */
  release(key: string): void {
    this.#kept.delete(key);
  }
}
