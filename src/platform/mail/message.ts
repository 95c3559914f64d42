/** A mail address with the name to show for it. */
export interface MailAddress {
  email: string;
  name?: string;
}

/** A mail as the context wrote it. */
export interface RenderedMail {
  to: MailAddress;
  subject: string;
  text: string;
  html?: string;
}

/** A mail as a transport delivers it. */
export interface MailMessage extends RenderedMail {
  /** Stable: the same mail delivered again has the same id. */
  id: string;
  /** When it was written, for its `Date` header; the moment of delivery without it. */
  writtenAt?: Date;
}

/**
 * What an attempt that did not succeed means for the mail:
 * `retryable` it was surely not taken, try again; `permanent` it never will be;
 * `unknown` it may have been taken, so that trying again might send it twice.
 */
export type DeliveryFailure = 'retryable' | 'permanent' | 'unknown';

/** A mail was not delivered, or nobody can say. The message holds no personal data. */
export class MailDeliveryError extends Error {
  readonly failure: DeliveryFailure;

  constructor(failure: DeliveryFailure, message: string) {
    super(message);
    this.name = 'MailDeliveryError';
    this.failure = failure;
  }
}

/** RFC 5321: 64 for the local part, 255 for the domain. */
const MAX_ADDRESS_LENGTH = 320;
/** A header line is at most 998 bytes (RFC 5322); what anybody reads of it is far shorter. */
const MAX_SUBJECT_LENGTH = 200;
const MAX_NAME_LENGTH = 100;

/**
 * One address and no more: no space, list, group, comment, quotes or control character, by which
 * a name or address typed in by a stranger could add recipients or headers.
 */
const ADDRESS = /^[^\s@,;:<>()[\]\\"\p{Cc}\p{Cf}]+@[\p{L}\p{N}](?:[\p{L}\p{N}.-]*[\p{L}\p{N}])?$/u;

/**
 * The message with its header fields made harmless: each on one line, of bearable length.
 * @throws MailDeliveryError `permanent` where the address is none
 */
export function safeMessage(message: MailMessage): MailMessage {
  const email = message.to.email.trim();
  if (email.length > MAX_ADDRESS_LENGTH || !ADDRESS.test(email)) {
    throw new MailDeliveryError('permanent', 'The recipient has no valid mail address.');
  }
  const name = oneLine(message.to.name ?? '', MAX_NAME_LENGTH);
  return {
    ...message,
    to: name === '' ? { email } : { email, name },
    subject: oneLine(message.subject, MAX_SUBJECT_LENGTH) || '(no subject)',
  };
}

/** Control characters, line ends of all kinds, and the marks that reverse the reading order. */
const UNSAFE_IN_HEADER = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu;

function oneLine(text: string, maxLength: number): string {
  const line = text.replace(UNSAFE_IN_HEADER, ' ').replace(/ {2,}/g, ' ').trim();
  // By code points, so that no character is cut in half.
  const points = [...line];
  return points.length <= maxLength ? line : `${points.slice(0, maxLength - 1).join('')}…`;
}

const LOOKS_LIKE_ADDRESS = /[^\s@<>"'(),;:]+@[^\s@<>"'(),;:]+/g;
const MAX_REASON_LENGTH = 500;

/** A provider's words, short and without the addresses that it may have quoted. */
export function withoutAddresses(text: string): string {
  return text.replace(LOOKS_LIKE_ADDRESS, '<address>').slice(0, MAX_REASON_LENGTH);
}
