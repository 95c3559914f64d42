import { businessDay } from '../../platform/business-time.ts';
import { conflict, invalid, StewardError } from '../../platform/errors.ts';
import type { Actor, ExtendedOrder } from '../../stream/index.ts';
import type { Service } from '../catalog/index.ts';
import type { MatchCandidate, MatchRequest, Ranking } from '../matching/index.ts';
import type { OrdersDependencies } from './dependencies.ts';
import { assertSameRequest, keyReused, principalOf, requestInFlight } from './idempotency.ts';
import { toView } from './order-views.ts';
import type { Idempotency, OrderAnswer, PlaceOrderRequest } from './orders.ts';
import type { ServiceMemory } from './service-memory.ts';
import { callPlaceOrder, fetchNearestFreeTimes, fetchShortList, type ReplayRow } from './store.ts';

/**
 * How often a match is made anew when everybody on the short list was taken, or the service was
 * changed, between the match and the order. Each round sees the others' orders, so that a rush for
 * the last free worker ends in "nobody is free" after one more look; three leaves room to spare.
 */
const ROUNDS = 4;

/**
 * Whoever is free may still be excluded by a step of matching. Then the next ones are looked at,
 * three times as many each time: 20, 60, 180 and 540 with the default short list.
 */
const SHORT_LISTS = 4;
const SHORT_LIST_GROWTH = 3;

/** Nearest times are proposed by SQL and proven by matching: look at so many for each one named. */
const PROPOSALS_PER_TIME = 8;
/** Times closer together than this are one choice, not two. */
const APART_MS = 30 * 60_000;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

type Deps = OrdersDependencies & { services: ServiceMemory };

interface Wish {
  actor: Actor;
  customerId: string;
  request: PlaceOrderRequest;
  idempotency: Idempotency | undefined;
  copyOf: string | null;
}

/** matches, prices and stores an order. See `Orders.place` for the errors. */
export async function placeOrder(deps: Deps, wish: Wish): Promise<OrderAnswer> {
  let service = await deps.services.get(wish.request.service);
  for (let round = 1; round <= ROUNDS; round++) {
    const match = await matchAt(deps, wish, service, wish.request.scheduledAt, true);
    if ('replay' in match) {
      assertSameRequest(Buffer.from(match.replay.requestHash, 'hex'), wish.idempotency);
      return { view: toView(match.replay.snapshot, match.replay.people), replayed: true };
    }
    checkTime(deps, wish.request.scheduledAt);
    if (!service.active) service = await deps.services.reload(wish.request.service);
    if (!service.active) throw inactive(service);
    if (match.ranking.ranked.length === 0) break;
    const placed = await store(deps, wish, service, match);
    if (placed !== 'taken' && placed !== 'service-changed') return placed;
    if (placed === 'service-changed') service = await deps.services.reload(wish.request.service);
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
 * @param withKey also looks for an answer that the same request got before
 */
async function matchAt(
  deps: Deps,
  wish: Wish,
  service: Service,
  at: Date,
  withKey = false,
): Promise<Match | { replay: ReplayRow }> {
  const reference = matchRequest(wish, service, at);
  const candidates: MatchCandidate[] = [];
  let limit = deps.rules.shortListSize;
  let lookedFor = 0;
  for (let list = 1; ; list++, limit *= SHORT_LIST_GROWTH) {
    lookedFor += limit;
    const found = await fetchShortList(deps.db, {
      principal: principalOf(wish.actor),
      key: withKey ? (wish.idempotency?.key ?? null) : null,
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
  const { rules, clock } = deps;
  const asked = wish.request.scheduledAt;
  const within = rules.nearestTimesWithinDays * DAY_MS;
  const proposals = await fetchNearestFreeTimes(deps.db, {
    city: wish.request.place.city,
    skills: service.skills,
    wish: asked,
    durationMinutes: service.durationMinutes,
    earliest: new Date(Math.max(clock.now().getTime(), asked.getTime() - within)),
    latest: new Date(asked.getTime() + within),
    pool: rules.nearestTimesPool,
    limit: rules.nearestTimes * PROPOSALS_PER_TIME,
  });
  const distance = (time: Date) => Math.abs(time.getTime() - asked.getTime());
  const times: Date[] = [];
  for (const time of proposals.toSorted((a, b) => distance(a) - distance(b))) {
    if (times.length >= rules.nearestTimes) break;
    if (times.some((other) => Math.abs(other.getTime() - time.getTime()) < APART_MS)) continue;
    const match = await matchAt(deps, wish, service, time);
    if ('ranking' in match && match.ranking.ranked.length > 0) times.push(time);
  }
  const nearestTimes = times.toSorted((a, b) => a.getTime() - b.getTime());
  return conflict(
    'nobody_free',
    nearestTimes.length > 0
      ? 'Nobody suitable is free at that time. Nothing was ordered; see nearestTimes.'
      : `Nobody suitable in ${wish.request.place.city} is free at that time or in the days around it. Nothing was ordered.`,
    { nearestTimes: nearestTimes.map((time) => time.toISOString()) },
  );
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

function inactive(service: Service): StewardError {
  return new StewardError(
    'invalid',
    'service_inactive',
    `The service "${service.code}" is not sold at the moment.`,
    { issues: [{ path: 'service', message: 'is not sold at the moment' }] },
  );
}
