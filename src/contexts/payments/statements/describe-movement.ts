import type { Movement } from './read-movements.ts';

/** One line as the person sees it; amounts of a movement's lines add up to what it changed. */
export interface Words {
  description: string;
  amountMinor: bigint;
}

/**
 * A movement in words. An order with a discount is two lines, price and discount; so are a refund
 * and a dispute: what is granted, and the money that went back for it.
 */
export function describeMovement(kind: 'customer' | 'worker', movement: Movement): Words[] {
  return kind === 'customer' ? forCustomer(movement) : [forWorker(movement)];
}

function forCustomer(movement: Movement): Words[] {
  const { kind, about, postedMinor, movedMinor } = movement;
  const isReversal = kind === 'reversal';
  const invoice = `invoice ${movement.invoiceNumber ?? ''}`.trim();
  const one = (description: string): Words[] => [{ description, amountMinor: postedMinor }];
  switch (about) {
    case 'order':
      return isReversal ? one(`${orderName(movement)}, taken back`) : order(movement);
    case 'charge':
      return one(isReversal ? `Payment of ${invoice}, taken back` : `Payment of ${invoice}`);
    case 'rounding':
      return one(isReversal ? `Rounding of ${invoice}, taken back` : `Rounding of ${invoice}`);
    case 'refund':
      return pair(
        movedMinor,
        isReversal
          ? [`Refund of ${invoice} failed`, 'Not paid back']
          : [`Refund of ${invoice}`, 'Paid back'],
      );
    case 'dispute':
      return pair(
        movedMinor,
        isReversal
          ? [`Dispute of ${invoice} decided against you`, 'Returned to us by your bank']
          : [`Disputed payment of ${invoice}`, 'Paid back by your bank'],
      );
    default:
      return one(inWords(about, isReversal));
  }
}

/** What is granted, and the money that goes the other way for it. */
function pair(movedMinor: bigint, [granted, paid]: [string, string]): Words[] {
  return [
    { description: granted, amountMinor: movedMinor },
    { description: paid, amountMinor: -movedMinor },
  ];
}

function order(movement: Movement): Words[] {
  const { postedMinor, discountMinor, discountPercent } = movement;
  const description = `${orderName(movement)}, ${movement.outcome}`;
  if (!discountMinor) return [{ description, amountMinor: postedMinor }];
  return [
    { description, amountMinor: postedMinor + discountMinor },
    { description: `Discount ${discountPercent} %`, amountMinor: -discountMinor },
  ];
}

function forWorker(movement: Movement): Words {
  const amountMinor = -movement.postedMinor;
  return { description: workerWords(movement), amountMinor };
}

function workerWords(movement: Movement): string {
  const { kind, about } = movement;
  const isReversal = kind === 'reversal';
  switch (about) {
    case 'order': {
      const failed = movement.outcome === 'failed';
      if (isReversal)
        return `${failed ? 'Penalty for order' : 'Order'} ${code(movement)}, taken back`;
      return failed
        ? `Penalty for order ${code(movement)}, failed`
        : `${orderName(movement)}, ${movement.outcome}`;
    }
    case 'credit':
      return `${isReversal ? 'Credit taken back' : 'Credit'}: ${movement.creditReason}`;
    case 'payout':
      return `Payout for ${movement.payoutPeriod}${isReversal ? ', failed and returned' : ''}`;
    case 'refund-claw-back':
      return isReversal ? 'Kept for a refund, given back' : 'Kept for a refund to a customer';
    case 'dispute-claw-back':
      return isReversal ? 'Kept for a dispute, given back' : 'Kept for a disputed payment';
    default:
      return inWords(about, isReversal);
  }
}

const code = (movement: Movement) => movement.serviceCode ?? movement.orderId ?? '';
const orderName = (movement: Movement) => `Order ${code(movement)}`.trim();

/** `refund-claw-back` as `Refund claw back`: for kinds that have no sentence of their own. */
function inWords(kind: string, isReversal: boolean): string {
  const words = kind.replaceAll('-', ' ');
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${isReversal ? ', taken back' : ''}`;
}
