import type { OrdersDependencies } from './dependencies.ts';
import type { Quote } from './orders.ts';
import { serviceInactive } from './service-memory.ts';

/** an approximate price; time, place and worker are not known yet. */
export async function quoteOrder(deps: OrdersDependencies, codeOrId: string): Promise<Quote> {
  const service = await deps.catalog.get(codeOrId);
  if (!service.active) throw serviceInactive(service);
  const price = deps.matching.quote({
    customerId: '',
    service,
    scheduledAt: null,
    endsAt: null,
    place: null,
  });
  return {
    service: { id: service.id, code: service.code, name: service.name },
    price: {
      amount: Number(price.amountMinor),
      currency: deps.currency,
      lines: price.lines.map(({ label, amountMinor }) => ({ label, amount: Number(amountMinor) })),
    },
  };
}
