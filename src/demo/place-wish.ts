import { setTimeout as sleep } from 'node:timers/promises';
import { HOUR_MS } from './calendar.ts';
import type { Answer } from './http-caller.ts';
import type { Customer, OrderBody, Play, Wish } from './play.ts';
import type { Random } from './random.ts';
import { isExpected } from './tally.ts';

/** Of a hundred orders so many begin with a quote. */
const QUOTED = 15;
/** Of a hundred orders so many are sent twice at the same time, as by a double click … */
const SENT_AS_TWINS = 4;
/** … and so many again later, as by a phone that lost the answer. */
const SENT_AGAIN = 6;
/** A customer follows proposed times so often, then gives up. */
const MOST_TRIES = 4;
/** R-03. */
const MOST_NEAREST_TIMES = 3;
/** When somebody may come, in hours of the day. */
const EARLIEST_HOUR = 7;
const LATEST_HOUR = 20;
const IN_FLIGHT_WAIT_MS = 10;

interface ProblemBody {
  code: string;
  nearestTimes?: string[];
}

/** A request for an order, new or booked again. */
interface OrderRequest {
  path: string;
  body: { scheduledAt: Date; [field: string]: unknown };
  /** Unique for the request; each further try has its own. */
  key: string;
}

/** Sends the order that the wish is about, or one for a named time where nobody is free. */
export async function placeWish(play: Play, wish: Wish): Promise<OrderBody | undefined> {
  const { customer, random } = wish;
  if (random.percent(QUOTED)) {
    const quote = await customer.caller.post('/v1/quotes', { service: wish.serviceCode });
    if (isExpected(play.tally, 'A quote', quote, 200)) play.tally.quotes += 1;
  }
  const body = { service: wish.serviceCode, place: wish.place, scheduledAt: wish.scheduledAt };
  const key = `${customer.profile.subject}-${wish.number}`;
  return orderUntilFree(play, customer, { path: '/v1/orders', body, key }, random);
}

/** Asks for an order, and follows the answer where nobody is free at that time. */
export async function orderUntilFree(
  play: Play,
  customer: Customer,
  request: OrderRequest,
  random: Random,
): Promise<OrderBody | undefined> {
  let { scheduledAt } = request.body;
  for (let attempt = 1; attempt <= MOST_TRIES; attempt++) {
    const attempted = {
      ...request,
      body: { ...request.body, scheduledAt },
      key: `${request.key}.${attempt}`,
    };
    const answer = await send(play, customer, attempted, random);
    if (answer.status === 201) {
      if (attempt > 1) play.tally.conflictsFollowed += 1;
      return answer.body as OrderBody;
    }
    const problem = answer.body as ProblemBody;
    if (problem.code !== 'nobody_free') {
      isExpected(play.tally, `POST ${request.path}`, answer, 201);
      return undefined;
    }
    const next = chooseTime(play, problem.nearestTimes ?? [], scheduledAt);
    if (!next) return undefined;
    scheduledAt = next;
  }
  return undefined;
}

/** The first named time at which a customer would have somebody come. */
function chooseTime(play: Play, named: readonly string[], asked: Date): Date | undefined {
  const { tally, clock, week } = play;
  tally.conflicts += 1;
  const times = named.map((time) => new Date(time));
  const now = clock.now().getTime();
  const isPossible = (time: Date) => time.getTime() >= now && time.getTime() !== asked.getTime();
  if (times.length > MOST_NEAREST_TIMES || !times.every(isPossible)) {
    tally.badConflicts.push(`For ${asked.toISOString()} these were named: ${named.join(', ')}.`);
  }
  return times.find((time) => {
    const hour = week.hourOf(time);
    const isInTheDay = hour >= EARLIEST_HOUR && hour <= LATEST_HOUR;
    return isInTheDay && time.getTime() >= now + HOUR_MS;
  });
}

/** One request; now and then twice, which must make one order (R-10). */
async function send(
  play: Play,
  customer: Customer,
  { path, body, key }: OrderRequest,
  random: Random,
): Promise<Answer<unknown>> {
  const { tally } = play;
  const post = async () => {
    const answer = await settled(() => customer.caller.post(path, body, key));
    if (answer.status === 201 && !answer.replayed) tally.acknowledged.push(idOf(answer));
    return answer;
  };
  const twins = random.percent(SENT_AS_TWINS);
  const again = !twins && random.percent(SENT_AGAIN);
  const answers = await Promise.all(twins ? [post(), post()] : [post()]);
  const placed = answers.find((answer) => answer.status === 201);
  if (again && placed) answers.push(await post());
  if (placed && answers.length > 1) {
    const isOneOrder = new Set(answers.map(idOf)).size === 1;
    const replays = answers.filter((answer) => answer.replayed).length;
    if (isOneOrder && replays === answers.length - 1) tally.replays += replays;
    else tally.badReplays.push(`${key}: ${answers.map((one) => `${one.status} ${idOf(one)}`)}.`);
  }
  return placed ?? answers[0] ?? post();
}

/** The answer of a request whose twin is being done is "ask again". */
async function settled(post: () => Promise<Answer<unknown>>): Promise<Answer<unknown>> {
  for (;;) {
    const answer = await post();
    if ((answer.body as ProblemBody).code !== 'request_in_flight') return answer;
    await sleep(IN_FLIGHT_WAIT_MS);
  }
}

function idOf({ body }: Answer<unknown>): string {
  return (body as Partial<OrderBody>).id ?? '';
}
