import { businessDay } from '../../platform/business-time.ts';
import { conflict, invalid, type StewardError } from '../../platform/errors.ts';
import type { Actor, ExtendedOrder } from '../../stream/index.ts';
import type { Service } from '../catalog/index.ts';
import type { MatchCandidate, MatchRequest, Ranking } from '../matching/index.ts';
import type { OrdersDependencies } from './dependencies.ts';
import { assertSameRequest, keyReused, principalOf, requestInFlight } from './idempotency.ts';
import { toView } from './order-views.ts';
import type { Idempotency, OrderAnswer, PlaceOrderRequest } from './orders.ts';
import { type ServiceMemory, serviceInactive } from './service-memory.ts';
import { callPlaceOrder, fetchNearestFreeTimes, fetchShortList, type ReplayRow } from './store.ts';
import { createTurns, type Turns } from './turns.ts';

/**
 * How often a match is made anew when everybody on the list was taken, or the service was changed,
 * between the match and the order. Each round sees the others' orders and takes a list three times
 * as long, so that a rush does not leave workers out who are free.
 */
const ROUNDS = 6;

/**
 * Whoever is free may still be excluded by a step of matching. Then the next ones are looked at,
 * three times as many each time: 20, 60, 180 and 540 with the default short list.
 */
const SHORT_LISTS = 4;
const GROWTH = 3;
/** Longer lists cost more than a further round would. */
const LONGEST_LIST = 540;

/** Nearest times are proposed by SQL and proven by matching: look at so many for each one named. */
const PROPOSALS_PER_TIME = 4;
/** Times closer together than this are one choice, not two. */
const APART_MINUTES = 30;
/** A conflict must not cost more than many orders do: the search for other times ends after this. */
const SEARCH_BUDGET_MS = 150;
/** Searches at once in one process, and how long one may wait for its turn. */
const SEARCHES_AT_ONCE = 2;
const SEARCH_WAIT_MS = 5_000;

/** Makes the turns that searches for other times take in one process. */
export const createSearchTurns = () => createTurns(SEARCHES_AT_ONCE);

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

type Deps = OrdersDependencies & { services: ServiceMemory; searches: Turns };

interface Wish {
  actor: Actor;
  customerId: string;
  request: PlaceOrderRequest;
  idempotency: Idempotency | undefined;
  copyOf: string | null;
}

/** matches, prices and stores an order. See `Orders.place` for the errors. */
export async function placeOrder(deps: Deps, wish: Wish): Promise<OrderAnswer> {
  assertCalendarYear(wish.request.scheduledAt);
  let service = await deps.services.get(wish.request.service);
  let listSize = deps.rules.shortListSize;
  for (let round = 1; round <= ROUNDS; round++) {
    const match = await matchAt(deps, wish, service, wish.request.scheduledAt, {
      listSize,
      withKey: true,
    });
    if ('replay' in match) {
      assertSameRequest(Buffer.from(match.replay.requestHash, 'hex'), wish.idempotency);
      return { view: toView(match.replay.snapshot, match.replay.people), replayed: true };
    }
    checkTime(deps, wish.request.scheduledAt);
    let outcome: OrderAnswer | 'taken' | 'service-changed' | 'nobody' = 'nobody';
    if (service.active && match.ranking.ranked.length > 0) {
      outcome = await store(deps, wish, service, match);
    }
    if (typeof outcome === 'object') return outcome;
    if (outcome === 'taken') {
      listSize = Math.min(listSize * GROWTH, LONGEST_LIST);
      continue;
    }
    // Before anybody is refused: is what we know of the service still so?
    const now = await deps.services.reload(wish.request.service);
    if (!now.active) throw serviceInactive(now);
    if (now.version === service.version) break;
    service = now;
  }
  throw await nobodyFree(deps, wish, service);
}

/** A match as far as it goes: who was looked at, and in which order they would do. */
interface Match {
  reference: MatchRequest;
  candidates: MatchCandidate[];
  ranking: Ranking;
}

async function store(
  deps: Deps,
  wish: Wish,
  service: Service,
  { reference, candidates, ranking }: Match,
): Promise<OrderAnswer | 'taken' | 'service-changed'> {
  const byId = new Map(candidates.map((candidate) => [candidate.workerId, candidate]));
  const priced = ranking.ranked.flatMap(({ workerId }) => {
    const candidate = byId.get(workerId);
    if (!candidate) return [];
    const price = deps.matching.price(reference, candidate);
    const lines = price.lines.map((line) => ({
      label: line.label,
      amount: Number(line.amountMinor),
    }));
    return [{ workerId, priceMinor: price.amountMinor, lines }];
  });
  const now = deps.clock.now();
  const placed = await callPlaceOrder(deps.db, {
    orderId: deps.ids.next(),
    eventId: deps.ids.next(),
    now,
    principal: wish.idempotency ? principalOf(wish.actor) : null,
    key: wish.idempotency?.key ?? null,
    requestHash: wish.idempotency?.requestHash ?? null,
    customerId: wish.customerId,
    service: serviceSnapshot(service),
    serviceVersion: service.version,
    place: wish.request.place,
    description: wish.request.description ?? null,
    scheduledAt: reference.scheduledAt,
    endsAt: reference.endsAt,
    day: businessDay(reference.scheduledAt, deps.timeZone),
    currency: deps.currency,
    ranking: priced,
    receipt: ranking.receipt,
    copyOf: wish.copyOf,
    actor: wish.actor,
  });
  switch (placed.outcome) {
    case 'placed':
    case 'replayed':
      if (!placed.snapshot || !placed.people)
        throw new Error('a placed order came without its view');
      if (placed.outcome === 'placed') deps.committed();
      return {
        view: toView(placed.snapshot, placed.people),
        replayed: placed.outcome === 'replayed',
      };
    case 'in-flight':
      throw requestInFlight();
    case 'key-reused':
      throw keyReused();
    case 'taken':
    case 'service-changed':
      return placed.outcome;
  }
}

/**
 * Matches for one time: short lists from SQL until somebody on them is ranked or nobody is left.
 * @param how.withKey also looks for an answer that the same request got before
 */
async function matchAt(
  deps: Deps,
  wish: Wish,
  service: Service,
  at: Date,
  how: { listSize: number; withKey: boolean },
): Promise<Match | { replay: ReplayRow }> {
  const reference = matchRequest(wish, service, at);
  const candidates: MatchCandidate[] = [];
  let limit = how.listSize;
  let lookedFor = 0;
  for (let list = 1; ; list++, limit *= GROWTH) {
    lookedFor += limit;
    const found = await fetchShortList(deps.db, {
      principal: principalOf(wish.actor),
      key: how.withKey ? (wish.idempotency?.key ?? null) : null,
      customerId: wish.customerId,
      city: wish.request.place.city,
      skills: service.skills,
      startsAt: at,
      endsAt: reference.endsAt,
      day: businessDay(at, deps.timeZone),
      offset: candidates.length,
      limit,
    });
    if ('replay' in found) return found;
    candidates.push(...found.candidates);
    const ranking = deps.matching.rank(reference, candidates, lookedFor);
    const isLast = found.candidates.length < limit || list === SHORT_LISTS;
    if (ranking.ranked.length > 0 || isLast) {
      for (const { step, candidates: workers, error } of ranking.faults) {
        deps.log.warn({ step, workers, fault: error }, 'a matching step failed');
      }
      return { reference, candidates, ranking };
    }
  }
}

function matchRequest(wish: Wish, service: Service, at: Date): MatchRequest {
  return {
    customerId: wish.customerId,
    service,
    scheduledAt: at,
    endsAt: new Date(at.getTime() + service.durationMinutes * MINUTE_MS),
    place: wish.request.place,
  };
}

/** says so, with up to three times at which somebody is free and would be matched. */
async function nobodyFree(deps: Deps, wish: Wish, service: Service): Promise<StewardError> {
  const search = () => findNearestTimes(deps, wish, service);
  const nearestTimes = (await deps.searches.take(search, SEARCH_WAIT_MS)) ?? [];
  return conflict(
    'nobody_free',
    nearestTimes.length > 0
      ? 'Nobody suitable is free at that time. Nothing was ordered; see nearestTimes.'
      : `Nobody suitable in ${wish.request.place.city} is free at that time, and no other time was found. Nothing was ordered.`,
    { nearestTimes: nearestTimes.map((time) => time.toISOString()) },
  );
}

async function findNearestTimes(deps: Deps, wish: Wish, service: Service): Promise<Date[]> {
  const { rules } = deps;
  const now = deps.clock.now().getTime();
  const asked = wish.request.scheduledAt;
  const within = rules.nearestTimesWithinDays * DAY_MS;
  const latest = Math.min(asked.getTime() + within, now + rules.furthestDaysAhead * DAY_MS);
  const until = performance.now() + SEARCH_BUDGET_MS;
  const proposals = await fetchNearestFreeTimes(deps.db, {
    city: wish.request.place.city,
    skills: service.skills,
    wish: asked,
    durationMinutes: service.durationMinutes,
    earliest: new Date(Math.max(now, asked.getTime() - within)),
    latest: new Date(latest),
    apartMinutes: APART_MINUTES,
    pool: rules.nearestTimesPool,
    limit: rules.nearestTimes * PROPOSALS_PER_TIME,
    budgetMs: SEARCH_BUDGET_MS,
  });
  const times: Date[] = [];
  for (const time of proposals) {
    // What was found in time is better than everything too late; one is always looked at.
    if (times.length >= rules.nearestTimes) break;
    if (times.length > 0 && performance.now() > until) break;
    const match = await matchAt(deps, wish, service, time, {
      listSize: rules.shortListSize,
      withKey: false,
    });
    if ('ranking' in match && match.ranking.ranked.length > 0) times.push(time);
  }
  return times.toSorted((a, b) => a.getTime() - b.getTime());
}

/** The service as the order and its events keep it. */
function serviceSnapshot(service: Service): ExtendedOrder['service'] {
  return {
    id: service.id,
    code: service.code,
    name: service.name,
    category: service.category,
    priceMinor: service.priceMinor === null ? null : Number(service.priceMinor),
    durationMinutes: service.durationMinutes,
    skills: [...service.skills],
    supplies: service.supplies.map(({ item, quantity }) => ({ item, quantity })),
  };
}

/**
 * Years outside are written in ways that databases and calendars do not agree on.
 * @throws StewardError `invalid_input`
 */
function assertCalendarYear(scheduledAt: Date): void {
  const year = scheduledAt.getUTCFullYear();
  if (year > 1970 && year < 9998) return;
  const message = 'is in a year that nobody can mean';
  throw invalid(`The time of the order ${message}.`, [{ path: 'scheduledAt', message }]);
}

/** @throws StewardError `invalid_input` */
function checkTime(deps: OrdersDependencies, scheduledAt: Date): void {
  const ahead = scheduledAt.getTime() - deps.clock.now().getTime();
  const furthest = deps.rules.furthestDaysAhead;
  if (ahead > 0 && ahead <= furthest * DAY_MS) return;
  const message =
    ahead <= 0
      ? `is in the past (now is ${deps.clock.now().toISOString()})`
      : `is more than ${furthest} days ahead`;
  throw invalid(`The time of the order ${message}.`, [{ path: 'scheduledAt', message }]);
}
