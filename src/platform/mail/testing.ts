import { type Clock, systemClock } from '../clock.ts';
import { createIds } from '../ids.ts';
import type { MailDeliveryError, MailMessage } from './message.ts';
import type { NewMail } from './outbox.ts';
import type { MailTransport } from './transport.ts';

/** A mail for the outbox, with whatever a test cares about. */
export function buildMail(more: Partial<NewMail> = {}, clock: Clock = systemClock): NewMail {
  const id = createIds(clock).next();
  return {
    id,
    eventKey: `${id}:order-placed:customer`,
    recipientKind: 'customer',
    recipientId: id,
    template: 'order-placed',
    data: { orderId: id },
    createdAt: clock.now(),
    ...more,
  };
}

/** A transport that keeps what it delivers, and fails as `outcome` says. */
export interface RecordingTransport extends MailTransport {
  /** Ids in the order of delivery, also of deliveries that failed. */
  readonly delivered: string[];
}

/**
 * A transport for tests.
 * @param outcome called before each delivery; a failure it returns is thrown
 */
export function createRecordingTransport(
  idempotent: boolean,
  outcome: (message: MailMessage) => Promise<MailDeliveryError | undefined> = async () => undefined,
): RecordingTransport {
  const delivered: string[] = [];
  return {
    kind: idempotent ? 'files' : 'sendgrid',
    idempotent,
    delivered,
    deliver: async (message) => {
      delivered.push(message.id);
      const failure = await outcome(message);
      if (failure) throw failure;
      return { providerId: `sg-${message.id}` };
    },
    close: async () => undefined,
  };
}
