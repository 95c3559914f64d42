import { z } from 'zod';
import { decodeCursor, encodeCursor } from '../../../platform/paging.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import { readBounds } from '../ledger/account-statement.ts';
import { statementRange } from '../ledger/days.ts';
import type { PageRequest, PersonStatement, PersonStatementLine, Statements } from '../payments.ts';
import { describeMovement } from './describe-movement.ts';
import { currentDue, currentMonth } from './outlook.ts';
import { readMovements } from './read-movements.ts';

type Person = Parameters<Statements['of']>[0];

const NUMBER = z.string().regex(/^\d{1,4}$/);
const BALANCE = z.string().regex(/^-?\d{1,18}$/);

/** What was charged or credited to a person, in words. */
export function createStatements(deps: PaymentsDependencies): Statements {
  return {
    async of(person, range, page) {
      const days = statementRange(deps, range);
      const of = person.id === null ? undefined : { ...person, id: person.id };
      const account = {
        code: person.kind === 'customer' ? 'customer-receivable' : 'worker-payable',
        owner: person.id ?? '',
        currency: deps.currency,
      };
      const bounds = of && (await readBounds(deps.db, account, days));
      const openingMinor = asSeen(person, bounds?.openingMinor ?? 0n);
      const { lines, nextCursor } = of
        ? await readPage(deps, of, days, openingMinor, page)
        : { lines: [], nextCursor: null };
      return {
        ...person,
        currency: deps.currency,
        ...days,
        openingMinor,
        lines,
        closingMinor: asSeen(person, bounds?.closingMinor ?? 0n),
        nextCursor,
        due: person.kind === 'customer' ? await currentDue(deps, person.id) : null,
        month: person.kind === 'worker' ? await currentMonth(deps, person.id) : null,
      };
    },
  };
}

/** Customers see what they owe, workers what they have earned: a credit in the ledger. */
function asSeen(person: Person, amountMinor: bigint): bigint {
  return person.kind === 'customer' ? amountMinor : -amountMinor;
}

/**
 * A movement may be two lines (price and discount), and a page may end between them: the cursor
 * tells the last movement shown, how many of its lines were, and the balance after them.
 */
async function readPage(
  deps: PaymentsDependencies,
  person: { kind: 'customer' | 'worker'; id: string },
  days: { from: string; to: string },
  openingMinor: bigint,
  page: PageRequest,
): Promise<Pick<PersonStatement, 'lines' | 'nextCursor'>> {
  const after = decodeCursor(page.cursor, [z.iso.date(), z.uuid(), NUMBER, NUMBER, BALANCE]);
  const from = after && { bookedOn: after[0], transactionId: after[1], line: after[2] };
  // The one that was begun, the page, and one more to see whether there is a next page.
  const movements = await readMovements(
    deps.db,
    person,
    { ...days, currency: deps.currency },
    from,
    page.limit + 2,
  );
  const candidates = movements.flatMap((movement) =>
    describeMovement(person.kind, movement).map((words, index) => ({
      words,
      movement,
      shown: index + 1,
    })),
  );
  const [first] = candidates;
  const begun =
    first &&
    after &&
    first.movement.transactionId === after[1] &&
    first.movement.line === Number(after[2]);
  const left = begun ? candidates.slice(Number(after[3])) : candidates;
  let balanceMinor = after ? BigInt(after[4]) : openingMinor;
  const lines: PersonStatementLine[] = left.slice(0, page.limit).map(({ words, movement }) => {
    balanceMinor += words.amountMinor;
    return {
      transactionId: movement.transactionId,
      bookedOn: movement.bookedOn,
      at: movement.at,
      description: words.description,
      kind: movement.kind,
      orderId: movement.orderId,
      invoiceNumber: movement.invoiceNumber,
      amountMinor: words.amountMinor,
      balanceMinor,
    };
  });
  const last = left.length > page.limit ? left[page.limit - 1] : undefined;
  if (!last) return { lines, nextCursor: null };
  const { bookedOn, transactionId, line } = last.movement;
  return {
    lines,
    nextCursor: encodeCursor([bookedOn, transactionId, line, last.shown, balanceMinor].map(String)),
  };
}
