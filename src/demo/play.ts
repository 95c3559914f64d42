import type { VirtualClock } from '../platform/clock.ts';
import type { Agenda } from './agenda.ts';
import type { Week } from './calendar.ts';
import type { Caller } from './http-caller.ts';
import type { CustomerProfile, DemoPlace } from './people.ts';
import type { Random } from './random.ts';
import type { Tally } from './tally.ts';
import type { Town } from './town.ts';

/** What everybody on the stage shares. */
export interface Play {
  town: Town;
  clock: VirtualClock;
  week: Week;
  agenda: Agenda;
  tally: Tally;
  supplies: Caller;
  /** Workers by id. */
  workers: ReadonlyMap<string, Caller>;
}

export interface Customer {
  profile: CustomerProfile;
  caller: Caller;
}

/** Something that a customer wants done, and what chance has in store for it. */
export interface Wish {
  /** From 1 on; with the customer it makes the idempotency key. */
  number: number;
  customer: Customer;
  /** When the customer sends the order. */
  sendAt: Date;
  serviceCode: string;
  place: DemoPlace;
  scheduledAt: Date;
  random: Random;
}

/** What the API tells of an order, as far as the play looks at it. */
export interface OrderBody {
  id: string;
  status: string;
  scheduledAt: string;
  endsAt: string;
  worker: { id: string };
  copyOf: string | null;
  endKind: string | null;
}
