import { DAYS, HOUR_MS } from './calendar.ts';
import { drawPhoto } from './photo.ts';
import { orderUntilFree } from './place-wish.ts';
import type { Customer, OrderBody, Play } from './play.ts';
import type { Random } from './random.ts';
import { isExpected } from './tally.ts';

/** Of a hundred orders so many end like that; the others are completed. */
const CANCELLED_EARLY = 8;
const CANCELLED_LATE = 4;
const CANCELLED_BY_MANAGER = 2;
const GIVEN_UP_BY_WORKER = 5;
const NOBODY_COMES = 7;
/** Of a hundred completed orders so many are rated … */
const RATED = 60;
/** … and of a hundred failed ones so many booked again. */
const BOOKED_AGAIN = 65;

const MINUTE_MS = 60_000;
/** Supplies are issued two hours before: by then an early cancellation is over. */
const EARLY_MS = 2.5 * HOUR_MS;
/** The job that finds no-shows runs every hour of the play, half an hour is R-08's. */
const NO_SHOW_KNOWN_MS = 2 * HOUR_MS;

const STARS = [5, 5, 5, 4, 4, 3, 2] as const;
const COMMENTS = ['Thank you!', 'On time and friendly.', 'Could have been quicker.'] as const;
const REASONS = ['I am away that day.', 'Plans have changed.', 'Not needed any more.'] as const;
const TROUBLES = ['Nobody opened the door.', 'The van broke down.', 'I am ill.'] as const;

/** Somebody's order, on its way. */
interface Course {
  play: Play;
  customer: Customer;
  order: OrderBody;
  random: Random;
}

/** Decides how this order will go, and puts the next deed into the agenda. */
export function planCourse(course: Course): void {
  const { random } = course;
  let roll = random.int(0, 100);
  const falls = (share: number) => {
    roll -= share;
    return roll < 0;
  };
  if (falls(CANCELLED_EARLY)) planCancel(course, 'early');
  else if (falls(CANCELLED_LATE)) planCancel(course, 'late');
  else if (falls(CANCELLED_BY_MANAGER)) planManagerCancel(course);
  else if (falls(GIVEN_UP_BY_WORKER)) planGivingUp(course);
  else if (falls(NOBODY_COMES)) planNoShow(course);
  else planWork(course);
}

const before = (order: OrderBody, milliseconds: number) =>
  new Date(new Date(order.scheduledAt).getTime() - milliseconds);

function planCancel({ play, customer, order, random }: Course, when: 'early' | 'late'): void {
  const now = play.clock.now();
  const at =
    when === 'early'
      ? random.moment(now, before(order, EARLY_MS))
      : before(order, random.int(20, 100) * MINUTE_MS);
  play.agenda.add(at, 'orders', async () => {
    const reason = random.pick(REASONS);
    const answer = await customer.caller.post(`/v1/orders/${order.id}/cancel`, { reason });
    if (isExpected(play.tally, `Cancelling ${order.id}`, answer, 200)) play.tally.cancelled += 1;
  });
}

function planManagerCancel({ play, order, random }: Course): void {
  const at = random.moment(play.clock.now(), before(order, HOUR_MS));
  play.agenda.add(at, 'orders', async () => {
    const { manager } = play.town;
    await manager.orders.orders.cancel(await manager.manager(), order.id, 'Out of stock.');
    play.tally.cancelled += 1;
  });
}

function planGivingUp(course: Course): void {
  const { play, order, random } = course;
  const giveUp = async () => {
    const path = `/v1/worker/orders/${order.id}/fail`;
    const answer = await workerOf(course).post(path, { reason: random.pick(TROUBLES) });
    if (!isExpected(play.tally, `Giving up ${order.id}`, answer, 200)) return;
    play.tally.failed += 1;
    planBookingAgain(course);
  };
  if (random.percent(50)) {
    play.agenda.add(before(order, 45 * MINUTE_MS), 'ends', giveUp);
    return;
  }
  planCheckIn(course, () => play.agenda.add(before(order, -30 * MINUTE_MS), 'ends', giveUp));
}

function planWork(course: Course): void {
  const { play, order, random } = course;
  planCheckIn(course, () => {
    const doneAt = new Date(new Date(order.endsAt).getTime() - random.int(0, 20) * MINUTE_MS);
    play.agenda.add(doneAt, 'ends', async () => {
      const path = `/v1/worker/orders/${order.id}/complete`;
      const photo = drawPhoto(`report on ${order.id}`);
      const answer = await workerOf(course).upload(path, 'report', photo);
      if (!isExpected(play.tally, `Completing ${order.id}`, answer, 200)) return;
      play.tally.completed += 1;
      if (random.percent(RATED)) planRating(course);
    });
  });
}

function planCheckIn(course: Course, afterwards: () => void): void {
  const { play, order, random } = course;
  play.agenda.add(before(order, -random.int(0, 10) * MINUTE_MS), 'starts', async () => {
    const path = `/v1/worker/orders/${order.id}/check-in`;
    const photo = drawPhoto(`arrival at ${order.id}`);
    const answer = await workerOf(course).upload(path, 'photo', photo);
    if (isExpected(play.tally, `Checking in to ${order.id}`, answer, 200)) afterwards();
  });
}

function planRating({ play, customer, order, random }: Course): void {
  const at = new Date(play.clock.now().getTime() + random.int(1, 6) * HOUR_MS);
  play.agenda.add(at, 'orders', async () => {
    const comment = random.percent(40) ? random.pick(COMMENTS) : undefined;
    const rating = { stars: random.pick(STARS), comment };
    const answer = await customer.caller.post(`/v1/orders/${order.id}/rating`, rating);
    isExpected(play.tally, `Rating ${order.id}`, answer, 200);
  });
}

/** nobody does anything, and later the customer looks what became of the order. */
function planNoShow(course: Course): void {
  const { play, customer, order } = course;
  play.agenda.add(before(order, -NO_SHOW_KNOWN_MS), 'orders', async () => {
    const answer = await customer.caller.get<OrderBody>(`/v1/orders/${order.id}`);
    if (!isExpected(play.tally, `Looking at ${order.id}`, answer, 200)) return;
    if (answer.body.endKind !== 'no-show') {
      play.tally.surprises.push(`Order ${order.id} is ${answer.body.status}, not a no-show.`);
      return;
    }
    play.tally.failed += 1;
    planBookingAgain(course);
  });
}

function planBookingAgain(course: Course): void {
  const { play, customer, order, random } = course;
  if (!random.percent(BOOKED_AGAIN)) return;
  const { week, clock, agenda, tally } = play;
  agenda.add(new Date(clock.now().getTime() + HOUR_MS / 4), 'orders', async () => {
    const day = Math.min(DAYS + 1, week.dayOf(clock.now()) + random.int(1, 3));
    const scheduledAt = week.at(day, random.int(8, 18));
    const path = `/v1/orders/${order.id}/rebook`;
    const request = { path, body: { scheduledAt }, key: `again-${order.id}` };
    const copy = await orderUntilFree(play, customer, request, random);
    if (!copy) return;
    if (copy.copyOf !== order.id) {
      tally.surprises.push(`Order ${copy.id} should be a copy of ${order.id}.`);
    }
    tally.rebooked += 1;
    planCourse({ ...course, order: copy });
  });
}

function workerOf({ play, order }: Course) {
  const caller = play.workers.get(order.worker.id);
  if (!caller) throw new Error(`Order ${order.id} is of a worker whom nobody added.`);
  return caller;
}
