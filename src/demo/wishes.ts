import { DAYS, HOUR_MS, type Week } from './calendar.ts';
import type { Customer, Wish } from './play.ts';
import { createRandom, type Random } from './random.ts';

/** Of a hundred orders so many are sent on Monday morning; the others spread over the week. */
const SENT_ON_MONDAY = 45;
/** Of a hundred orders so many are for the week after. */
const FOR_NEXT_WEEK = 4;
/** When people want somebody to come: the hours that stand here twice are the busy ones. */
const HOURS = [8, 9, 9, 10, 10, 11, 13, 14, 14, 15, 16, 17, 17, 18] as const;
const SEND_HOURS = [7, 12] as const;
/** Nobody orders something for the next moment. */
const LEAD_MS = 3 * HOUR_MS;
const TRIES = 20;

/** Thinks up what the customers will order in the week. Equal seeds give equal wishes. */
export function makeWishes(options: {
  seed: string;
  orders: number;
  week: Week;
  customers: readonly [Customer, ...Customer[]];
  serviceCodes: readonly [string, ...string[]];
}): Wish[] {
  const { week, customers, serviceCodes } = options;
  return Array.from({ length: options.orders }, (_, index) => {
    const random = createRandom(`${options.seed} wish ${index}`);
    const customer = customers[index % customers.length] ?? customers[0];
    const sendAt = random.percent(SENT_ON_MONDAY)
      ? week.at(0, SEND_HOURS[0])
      : week.at(random.int(0, DAYS), random.pick(SEND_HOURS));
    return {
      number: index + 1,
      customer,
      sendAt,
      serviceCode: random.pick(serviceCodes),
      place: random.pick(customer.profile.places),
      scheduledAt: wishedTime(week, random, sendAt),
      random,
    };
  });
}

function wishedTime(week: Week, random: Random, sendAt: Date): Date {
  const day = () => (random.percent(FOR_NEXT_WEEK) ? DAYS : random.int(0, DAYS));
  for (let tries = 0; tries < TRIES; tries++) {
    const time = week.at(day(), random.pick(HOURS), random.pick([0, 30]));
    if (time.getTime() - sendAt.getTime() >= LEAD_MS) return time;
  }
  return week.at(DAYS, random.pick(HOURS));
}
