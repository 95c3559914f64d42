/** Where "now" comes from: passed as an argument, so that demos and tests can move time. */
export interface Clock {
  now(): Date;
}

/** The machine's clock. */
export const systemClock: Clock = { now: () => new Date() };

/** A clock that stands still until it is moved. */
export interface VirtualClock extends Clock {
  /** Moves forward by so many milliseconds; going back is refused, as time does. */
  advance(milliseconds: number): void;
  /** Moves forward to this moment. */
  moveTo(moment: Date): void;
}

/**
 * A clock for demos and tests.
 * @throws RangeError when somebody tries to move it backwards
 */
export function createVirtualClock(start: Date): VirtualClock {
  let current = start.getTime();
  const moveTo = (moment: Date) => {
    if (moment.getTime() < current) throw new RangeError('A clock does not run backwards.');
    current = moment.getTime();
  };
  return {
    now: () => new Date(current),
    moveTo,
    advance: (milliseconds) => moveTo(new Date(current + milliseconds)),
  };
}
