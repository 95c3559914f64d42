import { StewardError } from '../../../platform/errors.ts';
import { isUuid } from '../../../platform/ids.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import type { Explain, Explanation } from '../payments.ts';
import { explainCharge } from './explain/explain-charge.ts';
import { explainInvoice } from './explain/explain-invoice.ts';
import { explainCredit, explainDispute, explainRefund } from './explain/explain-money-back.ts';
import { explainOrder } from './explain/explain-order.ts';
import { explainPayout } from './explain/explain-payout.ts';

/** In the order in which ids are mostly asked for; an id is of one of them. */
const BY_ID = [
  (deps: PaymentsDependencies, id: string) => explainInvoice(deps, 'id', id),
  explainPayout,
  explainCharge,
  explainOrder,
  explainRefund,
  explainCredit,
  explainDispute,
];

/** See {@link Explain}. */
export function createExplain(deps: PaymentsDependencies): Explain {
  return { explain: (id) => explain(deps, id.trim()) };
}

async function explain(deps: PaymentsDependencies, id: string): Promise<Explanation> {
  if (isUuid(id)) {
    for (const explainOne of BY_ID) {
      const found = await explainOne(deps, id.toLowerCase());
      if (found) return found;
    }
    const unbooked = await whyUnbooked(deps, id.toLowerCase());
    throw nothing(
      id,
      unbooked ?? 'There is no invoice, payout, charge, order, refund, credit or dispute',
    );
  }
  const invoice = await explainInvoice(deps, 'number', id);
  if (invoice) return invoice;
  throw nothing(id, 'There is no invoice with the number');
}

function nothing(id: string, why: string): StewardError {
  return new StewardError('not_found', 'nothing_to_explain', `${why} "${id}".`, { data: { id } });
}

/** An order that the stream knows and the books do not. */
async function whyUnbooked(
  deps: PaymentsDependencies,
  orderId: string,
): Promise<string | undefined> {
  const last = await deps.stream
    .selectFrom('stream.order_events')
    .select('type')
    .where('order_id', '=', orderId)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!last) return undefined;
  return `Nothing is booked yet for the order, of which the last event is "${last.type}"; orders are booked when they end: it is order`;
}
