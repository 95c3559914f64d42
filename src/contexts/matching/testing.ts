import type { NormalSample, ReferenceSample } from './samples.ts';

/** An order of heavy cleaning in Harbour, with what a test wants otherwise. */
export function aReference(over: Partial<ReferenceSample> = {}): ReferenceSample {
  return {
    customerId: 'customer-1',
    scheduledAt: new Date('2026-11-25T10:00:00Z'),
    endsAt: new Date('2026-11-25T15:00:00Z'),
    service: {
      id: 'service-1',
      code: 'CLEAN-DEEP',
      name: 'Deep cleaning',
      category: 'Cleaning',
      skills: ['cleaning', 'heavy'],
      durationMinutes: 300,
      priceMinor: 18_900n,
    },
    place: { city: 'Harbour', address: '5 Pier Street' },
    ...over,
  };
}

/** A worker in Harbour whom no built-in step excludes, with what a test wants otherwise. */
export function aCandidate(workerId: string, over: Partial<NormalSample> = {}): NormalSample {
  return {
    workerId,
    city: 'Harbour',
    skills: ['cleaning', 'heavy'],
    strengths: [],
    weaknesses: [],
    rating: null,
    ratingCount: 0,
    completedOrders: 0,
    ordersThatDay: 0,
    lastAssignedAt: null,
    workedForCustomerBefore: 0,
    ...over,
  };
}
