import type { MendReport } from '../stream/index.ts';

/** What became of a parked order, as a sentence. */
export function mendText(report: MendReport): string {
  const applied = `${report.applied} ${report.applied === 1 ? 'event' : 'events'} applied`;
  switch (report.outcome) {
    case 'mended':
      return `Mended: ${applied}; the order is parked no more.`;
    case 'parked':
      return `Still parked: ${applied}, then: ${report.error}`;
    case 'requested':
      return 'Requested: your role may not do this itself, the worker will within seconds.';
  }
}
