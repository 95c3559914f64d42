import { StewardError, unavailable } from '../errors.ts';
import { LANES, type Lane } from '../jobs/definition.ts';
import { isDatabaseUnavailable } from '../postgres/database-errors.ts';
import type { Complaints } from './complaints.ts';
import { type AnyQueue, type Engine, type Part, queueName } from './engine.ts';

/** A queue call that hangs is given up: whoever adds a job is in the middle of something else. */
const CALL_TIMEOUT_MS = 3_000;
/** How ioredis and BullMQ say that Redis is away; they have no codes for it. */
const REDIS_GONE =
  /connection is closed|isn't writeable|command timed out|max retries per request|socket closed/i;

/** The queues of one part, opened when they are first used. */
export interface Lanes {
  /** Uses a lane's queue. @throws StewardError `queue_unavailable` within seconds */
  call<T>(lane: Lane, work: (queue: AnyQueue) => Promise<T>): Promise<T>;
  /** Uses each lane's queue. */
  each<T>(work: (queue: AnyQueue, lane: Lane) => Promise<T>): Promise<T[]>;
  close(): Promise<void>;
}

/** Opens nothing yet. */
export function createLanes(engine: Engine, part: Part, complaints: Complaints): Lanes {
  const queues = new Map<Lane, Promise<AnyQueue>>();

  /** Only a queue that opened is kept: BullMQ never recovers from a first failure. */
  const open = (lane: Lane): Promise<AnyQueue> => {
    const known = queues.get(lane);
    if (known) return known;
    const opening = engine.openQueue(queueName(part, lane));
    queues.set(lane, opening);
    opening.catch(() => queues.delete(lane));
    return opening;
  };

  const call: Lanes['call'] = async (lane, work) => {
    const answer = engine
      .available()
      .then(() => open(lane))
      .then(work);
    try {
      const given = await inTime(answer);
      complaints.worked();
      return given;
    } catch (error) {
      const known = translate(error);
      const refused = known instanceof StewardError && known.kind === 'not_found';
      if (!refused) complaints.failed(known);
      throw known;
    }
  };

  return {
    call,
    each: (work) => Promise.all(LANES.map((lane) => call(lane, (queue) => work(queue, lane)))),
    close: async () => {
      const opened = await Promise.allSettled(queues.values());
      await Promise.allSettled(
        opened.map((queue) => (queue.status === 'fulfilled' ? inTime(queue.value.close()) : null)),
      );
    },
  };
}

function translate(error: unknown): unknown {
  if (error instanceof StewardError) return error;
  const gone =
    isDatabaseUnavailable(error) || (error instanceof Error && REDIS_GONE.test(error.message));
  if (!gone) return error;
  return unavailable(
    'queue_unavailable',
    'The job queue does not answer at the moment; nothing was added.',
    error,
  );
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(unavailable('queue_unavailable', 'The job queue does not answer in time.')),
      CALL_TIMEOUT_MS,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
