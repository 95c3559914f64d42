import { eachOf } from '../each-of.ts';
import type { Caller } from '../http-caller.ts';
import type { Customer, Play } from '../play.ts';
import { isExpected } from '../tally.ts';

/** What the bank of each customer, in their order, makes of a charge; null: gives no method. */
const METHODS = [
  'pm_card_visa',
  'pm_card_chargeDeclinedInsufficientFunds',
  'pm_card_mastercard',
  'pm_card_chargeDeclinedExpiredCard',
  null,
  'pm_card_chargeDeclined',
  'pm_card_createDispute',
  'pm_card_amex',
] as const;

/** Of ten workers so many are paid by bank file, and so many have said nothing yet. */
const BY_BANK = 5;
const SILENT = 1;
/** An example IBAN of the register of ISO 13616. */
const IBAN = 'DE89370400440532013000';
const AT_ONCE = 4;

/** Who the customers are by what their banks do. */
export interface Payers {
  /** Gives another method two days after the first attempt. */
  short: Customer;
  /** An expired card; follows the link in the mail. */
  expired: Customer;
  /** No method at all; follows the link in the mail. */
  without: Customer;
  /** A good one, with an invoice to give some back of. */
  refunded: Customer;
}

/** Before the week: customers give payment methods. */
export async function giveMethods(play: Play, customers: readonly Customer[]): Promise<Payers> {
  await eachOf(
    customers.map((customer, index) => ({ customer, method: METHODS[index % METHODS.length] })),
    AT_ONCE,
    async ({ customer, method }) => {
      if (method) await giveMethod(play, customer.caller, method);
    },
  );
  return {
    short: at(customers, 1),
    refunded: at(customers, 2),
    expired: at(customers, 3),
    without: at(customers, 4),
  };
}

/** Workers who have worked say where they are paid to: by the provider, or by bank. */
export async function openAccounts(play: Play): Promise<void> {
  const { ledger, payouts } = play.town.finance.payments;
  const { data } = await ledger.accounts({ code: 'worker-payable' }, { limit: 200 });
  const workers = data.map(({ owner }, index) => ({ id: owner, kind: index % 10 }));
  await eachOf(workers, AT_ONCE, async ({ id, kind }) => {
    const caller = play.workers.get(id);
    if (!caller || kind < SILENT) return;
    if (kind < SILENT + BY_BANK) {
      const accountHolder = `Account of ${id.slice(-4)}`;
      await payouts.setDestination(id, { method: 'bank', accountHolder, iban: IBAN });
      return;
    }
    const page = await caller.post<{ url: string }>('/v1/payment-methods', {}, `account-${id}`);
    if (isExpected(play.tally, 'Asking for an account', page, 201)) {
      await fillIn(play, page.body.url, 'ready');
    }
  });
}

/** As the provider's script in a browser hands it over. */
export async function giveMethod(play: Play, caller: Caller, paymentMethod: string): Promise<void> {
  const answer = await caller.post(
    '/v1/payment-methods',
    { paymentMethod },
    `give-${paymentMethod}`,
  );
  isExpected(play.tally, `Giving ${paymentMethod}`, answer, 200);
}

/** Follows the link of a mail to the provider's page and gives a good card there. */
export async function followLink(play: Play, customer: Customer): Promise<void> {
  const { people } = play.town.finance.payments;
  const id = await play.town.customerId(customer.profile.subject);
  const link = await people.methodLink(id, play.clock.now());
  const answer = await fetch(here(play, link), { redirect: 'manual' });
  const page = answer.headers.get('location');
  await answer.body?.cancel();
  if (answer.status === 303 && page) return fillIn(play, page, 'pm_card_visa');
  play.tally.surprises.push(`The link in a mail was answered ${answer.status} instead of 303.`);
}

async function fillIn(play: Play, url: string, choice: string): Promise<void> {
  const body = new URLSearchParams({ choice });
  const answer = await fetch(here(play, url), { method: 'POST', body });
  await answer.body?.cancel();
  if (answer.status === 200) return;
  play.tally.surprises.push(`The provider's page was answered ${answer.status} instead of 200.`);
}

/** The play listens on any free port; its links name the usual one. */
function here(play: Play, link: string): URL {
  return new URL(new URL(link).pathname, play.town.url);
}

function at(customers: readonly Customer[], index: number): Customer {
  const customer = customers[index];
  if (!customer) throw new Error(`The play has no customer ${index + 1}.`);
  return customer;
}
