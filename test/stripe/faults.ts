/** Something that goes wrong on the way or inside, on purpose. */
export interface Fault {
  kind: /** A 500 that the idempotency key keeps. */
    | 'error-500'
    /** The connection is cut without an answer. */
    | 'cut'
    /** The answer comes so much later (`delayMs`). */
    | 'delay'
    /** A 429; nothing is done, nothing is kept. */
    | 'rate-limit'
    /** A 400 whose body has no `error`, as a proxy would send it. */
    | 'bare-400'
    /** A 200 whose body is not what was asked for. */
    | 'wrong-shape';
  /** Before the effect (nothing happens) or after it (only the answer is lost). */
  when?: 'before' | 'after';
  /** Only requests of this method, `POST` without it. */
  method?: 'GET' | 'POST';
  /** Only requests whose path contains this. */
  path?: string;
  /** How often; once without it. */
  times?: number;
  delayMs?: number;
}

/** Faults that wait for their request. The first that fits is used up. */
export class Faults {
  #waiting: Fault[] = [];

  add(fault: Fault): void {
    this.#waiting.push({ ...fault });
  }

  clear(): void {
    this.#waiting = [];
  }

  take(method: string, path: string): Fault | undefined {
    const index = this.#waiting.findIndex(
      (fault) => (fault.method ?? 'POST') === method && path.includes(fault.path ?? ''),
    );
    const fault = this.#waiting[index];
    if (!fault) return undefined;
    const left = (fault.times ?? 1) - 1;
    if (left > 0) fault.times = left;
    else this.#waiting.splice(index, 1);
    return { ...fault };
  }
}
