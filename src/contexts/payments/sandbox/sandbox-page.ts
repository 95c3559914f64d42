import { sql } from 'kysely';
import { conflict, invalid, notFound } from '../../../platform/errors.ts';
import { isUuid } from '../../../platform/ids.ts';
import type { Transaction } from '../../../platform/postgres/database.ts';
import type { HostedPage } from '../provider/provider.ts';
import { checkCustomer, giveMethod } from './customers.ts';
import type { SandboxChoice, SandboxPage } from './render-sandbox-page.ts';
import { once, type Sandbox, tell } from './sandbox.ts';
import { OFFERED_METHODS, testMethod } from './test-methods.ts';
import { accountState } from './transfers.ts';

export { renderSandboxPage, sandboxPagePolicy } from './render-sandbox-page.ts';

/** As Stripe: Checkout pages a day. */
const PAGE_HOURS = 24;

const ACCOUNT_CHOICES: SandboxChoice[] = [
  { value: 'ready', title: 'Account in order', effect: 'Payouts arrive.' },
  {
    value: 'closed',
    title: 'Account closed',
    effect: 'Every payout is refused as account_closed until another choice is made.',
  },
];

function choicesOf(kind: SandboxPage['kind']): SandboxChoice[] {
  return kind === 'account' ? ACCOUNT_CHOICES : OFFERED_METHODS.map(cardChoice);
}

function cardChoice(card: string): SandboxChoice {
  const method = testMethod(card);
  if (!method) throw new Error(`There is no test card "${card}".`);
  const { title, last4, effect } = method;
  return { value: card, title: `${title}, ends in ${last4}`, effect };
}

/** One that is shown, or any other test card by its name. */
function findChoice(kind: SandboxPage['kind'], value: string | null): SandboxChoice | null {
  if (kind === 'method' && value !== null && testMethod(value)) return cardChoice(value);
  return choicesOf(kind).find((choice) => choice.value === value) ?? null;
}

/** See {@link PaymentProvider.openMethodPage}. */
export function openMethodPage<Tables>(
  box: Sandbox<Tables> & { publicUrl: string },
  request: { idempotencyKey: string; customerRef: string; returnUrl: string },
): Promise<HostedPage> {
  return once(box, 'method-page', request, async (tx) => {
    await checkCustomer(tx, request.customerRef);
    return openPage(box, tx, 'method', request.customerRef, request.returnUrl);
  });
}

/** See {@link PaymentProvider.openAccountPage}. */
export function openAccountPage<Tables>(
  box: Sandbox<Tables> & { publicUrl: string },
  request: { accountRef: string; returnUrl: string },
): Promise<HostedPage> {
  return box.db.transaction().execute(async (tx) => {
    await accountState(tx, request.accountRef);
    return openPage(box, tx, 'account', request.accountRef, request.returnUrl);
  });
}

async function openPage<Tables>(
  box: Sandbox<Tables> & { publicUrl: string },
  tx: Transaction<Tables>,
  kind: SandboxPage['kind'],
  subjectRef: string,
  returnUrl: string,
): Promise<HostedPage> {
  const token = box.ids.next();
  const expiresAt = new Date(box.clock.now().getTime() + PAGE_HOURS * 3_600_000);
  await sql`
    insert into sandbox.pages (token, kind, subject_ref, return_url, expires_at)
    values (${token}, ${kind}, ${subjectRef}, ${returnUrl}, ${expiresAt})`.execute(tx);
  return { url: `${box.publicUrl}/sandbox/pages/${token}`, expiresAt };
}

interface PageRow {
  token: string;
  kind: SandboxPage['kind'];
  subject_ref: string;
  return_url: string;
  expires_at: Date;
  choice: string | null;
}

function toPage(row: PageRow, now: Date): SandboxPage {
  const open = row.expires_at > now ? 'open' : 'expired';
  return {
    token: row.token,
    kind: row.kind,
    state: row.choice === null ? open : 'done',
    choices: choicesOf(row.kind),
    chosen: findChoice(row.kind, row.choice),
    returnUrl: row.return_url,
  };
}

/** A hosted page by the token in its address. @throws StewardError `page_not_found` */
export async function sandboxPage<Tables>(
  box: Sandbox<Tables>,
  token: string,
): Promise<SandboxPage> {
  if (!isUuid(token)) throw notFound('page', token);
  const { rows } = await sql<PageRow>`
    select token, kind, subject_ref, return_url, expires_at, choice from sandbox.pages
    where token = ${token}`.execute(box.db);
  const [row] = rows;
  if (!row) throw notFound('page', token);
  return toPage(row, box.clock.now());
}

/**
 * A person goes through a hosted page: the customer has the card then, the worker's account the
 * state. The same choice sent twice does it once.
 * @param choice the `value` of one of the page's choices, or the name of any other test card
 * @throws StewardError `page_not_found`, `page_closed` (used or expired), `invalid_input`
 */
export async function submitSandboxPage<Tables>(
  box: Sandbox<Tables>,
  token: string,
  choice: string,
): Promise<SandboxPage> {
  if (!isUuid(token)) throw notFound('page', token);
  return box.db.transaction().execute(async (tx) => {
    const { rows } = await sql<PageRow>`
      select token, kind, subject_ref, return_url, expires_at, choice from sandbox.pages
      where token = ${token} for update`.execute(tx);
    const [row] = rows;
    if (!row) throw notFound('page', token);
    const page = toPage(row, box.clock.now());
    if (page.state === 'done' && row.choice === choice) return page;
    if (page.state !== 'open') {
      throw conflict('page_closed', `This page is ${page.state}: open a new one.`);
    }
    if (!findChoice(page.kind, choice)) {
      const known = page.choices.map(({ value }) => value).join(', ');
      throw invalid(`There is no choice "${choice}" on this page.`, [
        { path: 'choice', message: `expected one of ${known}` },
      ]);
    }
    await take(box, tx, row, choice);
    await sql`
      update sandbox.pages set choice = ${choice}, done_at = ${box.clock.now()}
      where token = ${token}`.execute(tx);
    return toPage({ ...row, choice }, box.clock.now());
  });
}

async function take<Tables>(
  box: Sandbox<Tables>,
  tx: Transaction<Tables>,
  { kind, subject_ref: subject }: PageRow,
  choice: string,
): Promise<void> {
  if (kind === 'method') {
    await giveMethod(box, tx, subject, choice);
    return;
  }
  await sql`update sandbox.accounts set state = ${choice} where ref = ${subject}`.execute(tx);
  await tell(box, tx, { type: 'account.updated', about: 'account', objectRef: subject });
}
