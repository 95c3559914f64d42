import { TURNS } from './agenda.ts';
import { DAYS, nameDay, QUARTER_MS } from './calendar.ts';
import { planCourse } from './carry-out.ts';
import { eachOf } from './each-of.ts';
import { placeWish } from './place-wish.ts';
import type { Customer, Play, Wish } from './play.ts';
import { issueSupplies, readStream, runJobs } from './staff.ts';

/** Customers and workers whose requests are under way at once. */
const AT_ONCE = 8;
const OPENS_AT = 7;
const CLOSES_AT = 21;

/** Where the play stands. */
export interface DayProgress {
  /** `Mon 2026-11-23` */
  day: string;
  /** Of the week, 0 to 1. */
  done: number;
  /** Whether the day is over. */
  over: boolean;
  placed: number;
  completed: number;
  cancelled: number;
  failed: number;
}

/**
 * Plays the week: the clock goes on by quarters of an hour, and at each of them everybody does
 * what is due, many at once.
 * @param signal ends it between two moments
 */
export async function playWeek(
  play: Play,
  wishes: readonly Wish[],
  tell: (progress: DayProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  for (const list of groupBySender(wishes)) addSending(play, list);
  for (let day = 0; day < DAYS; day++) {
    const opensAt = play.week.at(day, OPENS_AT).getTime();
    const closesAt = play.week.at(day, CLOSES_AT).getTime();
    const progress = (now: number, over: boolean): DayProgress => {
      const { acknowledged, completed, cancelled, failed } = play.tally;
      const done = (day + (now - opensAt) / (closesAt - opensAt)) / DAYS;
      const placed = acknowledged.length;
      return { day: nameDay(day), done, over, placed, completed, cancelled, failed };
    };
    for (let now = opensAt; now <= closesAt; now += QUARTER_MS) {
      signal.throwIfAborted();
      play.clock.moveTo(new Date(now));
      await playMoment(play);
      tell(progress(now, false));
    }
    await readStream(play);
    // The last ones come home.
    play.clock.moveTo(play.week.at(day, 23, 45));
    await playMoment(play);
    tell(progress(closesAt, true));
  }
}

async function playMoment(play: Play): Promise<void> {
  const now = play.clock.now();
  const minute = Math.round((play.week.hourOf(now) % 1) * 60);
  if (minute === 0) await runJobs(play);
  for (const turn of TURNS) {
    if (turn === 'supplies' && minute % 30 === 0) await issueSupplies(play);
    await eachOf(play.agenda.take(now, turn), AT_ONCE, (act) => act());
  }
}

/** What one customer sends at one moment: one after another, as one connection does. */
function groupBySender(wishes: readonly Wish[]): Wish[][] {
  const groups = new Map<string, Wish[]>();
  for (const wish of wishes) {
    const key = `${wish.customer.profile.subject} ${wish.sendAt.getTime()}`;
    groups.set(key, [...(groups.get(key) ?? []), wish]);
  }
  return [...groups.values()];
}

function addSending(play: Play, wishes: readonly Wish[]): void {
  const [first] = wishes;
  if (!first) return;
  play.agenda.add(first.sendAt, 'orders', async () => {
    for (const wish of wishes) {
      const order = await placeWish(play, wish);
      const customer: Customer = wish.customer;
      if (order) planCourse({ play, customer, order, random: wish.random });
    }
  });
}
