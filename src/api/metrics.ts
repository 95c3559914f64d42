import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, Histogram, Registry } from 'prom-client';
import type { Figure, PoolFigures, ServerDependencies } from './dependencies.ts';

/** Figures of one server, in the text format of Prometheus. */
export interface Metrics {
  started(): void;
  /** @param route the route's template, never the address itself: that holds ids */
  finished(method: string, route: string, status: number, seconds: number): void;
  inFlight(): number;
  contentType: string;
  text(): Promise<string>;
  close(): void;
}

/** From a tenth of a healthy answer to the longest that anybody waits. */
const DURATION_BUCKETS_SECONDS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
const NANOSECONDS = 1e9;
const LAG_RESOLUTION_MS = 20;

/** A registry of its own per server, so that two servers in one process do not mix. */
export function createMetrics({
  pools,
  figures,
}: Pick<ServerDependencies, 'pools' | 'figures'>): Metrics {
  const registers = [new Registry()];
  let inFlight = 0;
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the first byte of a request to the end of its answer',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: DURATION_BUCKETS_SECONDS,
    registers,
  });
  new Gauge({
    name: 'http_requests_in_flight',
    help: 'Requests that are being answered',
    registers,
    collect() {
      this.set(inFlight);
    },
  });
  const stopLag = watchEventLoop(registers);
  watchProcess(registers);
  if (pools) watchPools(registers, pools);
  const registry = registers[0] as Registry;
  return {
    started: () => {
      inFlight++;
    },
    finished: (method, route, status, seconds) => {
      inFlight--;
      durations.observe({ method, route, status }, seconds);
    },
    inFlight: () => inFlight,
    contentType: registry.contentType,
    text: async () => (await registry.metrics()) + (await figuresText(figures)),
    close: stopLag,
  };
}

function watchEventLoop(registers: Registry[]): () => void {
  const delay = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  delay.enable();
  new Gauge({
    name: 'nodejs_eventloop_lag_seconds',
    help: 'How late timers fire, since the figures were last asked for',
    labelNames: ['quantile'] as const,
    registers,
    collect() {
      for (const percentile of [50, 99, 100]) {
        // The time between two looks, which are so far apart even when nothing is late.
        const seconds = delay.count === 0 ? 0 : delay.percentile(percentile) / NANOSECONDS;
        const lag = Math.max(0, seconds - LAG_RESOLUTION_MS / 1_000);
        this.set({ quantile: String(percentile / 100) }, lag);
      }
      delay.reset();
    },
  });
  return () => {
    delay.disable();
  };
}

function watchProcess(registers: Registry[]): void {
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory of this process',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of this process, user and system',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.set((user + system) / 1e6);
    },
  });
}

function watchPools(registers: Registry[], pools: () => readonly PoolFigures[]): void {
  new Gauge({
    name: 'database_pool_connections',
    help: 'Connections of a pool by state; "waiting" are requests that wait for one',
    labelNames: ['pool', 'state'] as const,
    registers,
    collect() {
      for (const { name, total, idle, waiting } of pools()) {
        this.set({ pool: name, state: 'used' }, total - idle);
        this.set({ pool: name, state: 'idle' }, idle);
        this.set({ pool: name, state: 'waiting' }, waiting);
      }
    },
  });
}

/** Apart from the registry, where a question to a database that is away would fail everything. */
async function figuresText(figures?: () => Promise<readonly Figure[]>): Promise<string> {
  if (!figures) return '';
  const known = await figures().catch(() => []);
  return known
    .map(
      ({ name, help, value }) =>
        `\n# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}\n`,
    )
    .join('');
}
