/** A run that was told to stop: the process ends, its time is over, or it lost its lease. */
export class JobStopped extends Error {
  constructor(why: string) {
    super(`stopped: ${why}`);
    this.name = 'JobStopped';
  }
}

/**
 * Waits for the work, but not longer than it may take, and not once it is told to stop. Work that
 * ignores its signal goes on in the background; nobody waits for it.
 * @throws JobStopped when it took too long or the signal came
 */
export async function withinLimits<T>(
  work: (signal: AbortSignal) => Promise<T>,
  timeLimitMs: number,
  stop: AbortSignal,
): Promise<T> {
  const own = new AbortController();
  const timer = setTimeout(
    () => own.abort(new JobStopped(`it took longer than ${timeLimitMs} ms`)),
    timeLimitMs,
  );
  const forward = () => own.abort(stop.reason ?? new JobStopped('the process ends'));
  if (stop.aborted) forward();
  else stop.addEventListener('abort', forward, { once: true });
  try {
    own.signal.throwIfAborted();
    return await new Promise<T>((resolve, reject) => {
      own.signal.addEventListener('abort', () => reject(own.signal.reason), { once: true });
      work(own.signal).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', forward);
  }
}
