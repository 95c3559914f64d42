import type { RenderMail } from '../../../platform/mail/index.ts';
import { readPersonal } from '../../../stream/index.ts';
import type { PaymentsTemplate } from './enqueue.ts';
import { financeLetter } from './finance-letters.ts';
import type { Letter, LetterPlace, MailRendererDependencies } from './letter.ts';
import { personLetter } from './person-letters.ts';

const FOR_FINANCE: ReadonlySet<string> = new Set<PaymentsTemplate>([
  'payout-failed',
  'refund-failed',
  'run-stopped',
  'proof-red',
  'dispute-opened',
]);

/**
 * Writes the mails about money at the moment of sending: names and addresses are those of now, and
 * what has become pointless meanwhile (a reminder of a paid invoice) is skipped.
 */
export function createPaymentsMailRenderer(deps: MailRendererDependencies): RenderMail {
  return async (mail) => {
    const place: LetterPlace = {
      ...deps,
      now: deps.clock.now(),
      text: (key) => String(mail.data[key]),
    };
    if (FOR_FINANCE.has(mail.template)) {
      const letter = await financeLetter(place, mail.template);
      return 'skip' in letter
        ? letter
        : finish(deps, { email: deps.financeTo, name: 'Finance' }, letter);
    }
    const person = await readRecipient(deps, mail.recipientKind, mail.recipientId);
    if ('skip' in person) return person;
    const letter = await personLetter(place, mail.template);
    if ('skip' in letter) return letter;
    return finish(deps, person, {
      ...letter,
      lines: [`Hello ${person.name},`, '', ...letter.lines],
    });
  };
}

function finish(
  deps: MailRendererDependencies,
  to: { email: string; name: string },
  letter: Letter,
) {
  const { movesMoney } = deps.provider;
  const lines = movesMoney
    ? letter.lines
    : ['This comes from a sandbox: no money moves.', '', ...letter.lines];
  return {
    to,
    subject: movesMoney ? letter.subject : `[sandbox] ${letter.subject}`,
    text: `${lines.join('\n')}\n`,
  };
}

async function readRecipient(
  deps: MailRendererDependencies,
  kind: string,
  id: string | null,
): Promise<{ email: string; name: string } | { skip: string }> {
  const person = id === null ? undefined : (await readPersonal(deps.stream, [id])).get(id);
  if (!person || person.kind === 'order') return { skip: `nothing is known of the ${kind}` };
  if (person.data === null) return { skip: `the ${kind} was erased` };
  const { email, name } = person.data;
  return email ? { email, name } : { skip: `the ${kind} has no mail address` };
}
