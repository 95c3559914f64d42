import { sql } from 'kysely';
import type { Clock } from '../../../platform/clock.ts';
import type { Ids } from '../../../platform/ids.ts';
import type { Database } from '../../../platform/postgres/database.ts';
import type { BalanceEntry, PaymentProvider, ProviderEvent } from '../provider/provider.ts';
import {
  cancelCharge,
  chargeStep,
  findCharge,
  getCharge,
  leastCharge,
  makeCharge,
} from './charges.ts';
import { attachMethod, currentMethod, makeCustomer } from './customers.ts';
import { getDispute } from './disputes.ts';
import { findRefund, getRefund, listRefunds, makeRefund } from './refunds.ts';
import { openAccountPage, openMethodPage } from './sandbox-page.ts';
import { accountState, findTransfer, getTransfer, makeAccount, makeTransfer } from './transfers.ts';
import { readSandboxWebhook } from './webhook.ts';

interface SandboxOptions<Tables> {
  /** Payments' own database; the sandbox's tables are in schema `sandbox`. */
  db: Database<Tables>;
  clock: Clock;
  ids: Ids;
  /** Where the hosted pages are reached, without a slash at the end. */
  publicUrl: string;
  /** Webhooks signed with it are believed; none is without one. The sandbox itself sends none. */
  webhookSecret?: string;
}

/** Rows read at once. */
const PAGE_ROWS = 500;

/**
 * A provider that behaves like Stripe with its test cards, keeps everything in payments' own
 * database and moves no money. Any number of processes may use it at once.
 */
export function createSandboxProvider<Tables>(options: SandboxOptions<Tables>): PaymentProvider {
  const { db } = options;
  return {
    name: 'sandbox',
    movesMoney: false,
    chargeStep,
    leastCharge,
    createCustomer: (request) => makeCustomer(options, request),
    openMethodPage: (request) => openMethodPage(options, request),
    attachMethod: (request) => attachMethod(options, request),
    currentMethod: (customerRef) => currentMethod(db, customerRef),
    charge: (request) => makeCharge(options, request),
    findCharge: (query) => findCharge(db, query),
    getCharge: (ref) => getCharge(db, ref),
    cancelCharge: (ref) => cancelCharge(options, ref),
    refund: (request) => makeRefund(options, request),
    findRefund: (query) => findRefund(db, query),
    getRefund: (ref) => getRefund(db, ref),
    listRefunds: (chargeRef) => listRefunds(db, chargeRef),
    getDispute: (ref) => getDispute(db, ref),
    createAccount: ({ idempotencyKey, personKey }) =>
      makeAccount(options, { idempotencyKey, personKey }),
    openAccountPage: (request) => openAccountPage(options, request),
    isAccountReady: async (accountRef) => (await accountState(db, accountRef)) === 'ready',
    transfer: (request) => makeTransfer(options, request),
    findTransfer: (query) => findTransfer(db, query),
    getTransfer: (ref) => getTransfer(db, ref),
    listBalance: (range) => listBalance(db, range),
    listEvents: (since) => listEvents(db, since),
    readWebhook: (rawBody, signature, now) =>
      readSandboxWebhook(options.webhookSecret, rawBody, signature, now),
  };
}

interface BalanceRow {
  number: bigint;
  ref: string;
  kind: BalanceEntry['kind'];
  source_ref: string | null;
  amount_minor: bigint;
  fee_minor: bigint;
  currency: string;
  created_at: Date;
}

async function* listBalance<Tables>(
  db: Database<Tables>,
  { from, to }: { from: Date; to: Date },
): AsyncGenerator<BalanceEntry> {
  let place = { at: from, number: 0n };
  for (;;) {
    const { rows } = await sql<BalanceRow>`
      select number, ref, kind, source_ref, amount_minor, fee_minor, currency, created_at
      from sandbox.balance
      where (created_at, number) > (${place.at}, ${place.number}::bigint) and created_at < ${to}
      order by created_at, number limit ${PAGE_ROWS}`.execute(db);
    for (const row of rows) {
      yield {
        ref: row.ref,
        kind: row.kind,
        sourceRef: row.source_ref,
        amountMinor: row.amount_minor,
        feeMinor: row.fee_minor,
        currency: row.currency,
        createdAt: row.created_at,
      };
      place = { at: row.created_at, number: row.number };
    }
    if (rows.length < PAGE_ROWS) return;
  }
}

interface EventRow {
  number: bigint;
  id: string;
  type: string;
  about: ProviderEvent['about'];
  object_ref: string | null;
  created_at: Date;
}

async function* listEvents<Tables>(
  db: Database<Tables>,
  since: Date,
): AsyncGenerator<ProviderEvent> {
  let place = { at: since, number: 0n };
  for (;;) {
    const { rows } = await sql<EventRow>`
      select number, id, type, about, object_ref, created_at from sandbox.events
      where (created_at, number) > (${place.at}, ${place.number}::bigint)
      order by created_at, number limit ${PAGE_ROWS}`.execute(db);
    for (const row of rows) {
      const { id, type, about, object_ref: objectRef, created_at: createdAt } = row;
      yield { id, type, about, objectRef, createdAt, payload: { id, type, about, objectRef } };
      place = { at: createdAt, number: row.number };
    }
    if (rows.length < PAGE_ROWS) return;
  }
}
