import type { MailMessage } from './message.ts';

/** A way out for mail. */
export interface MailTransport {
  readonly kind: 'files' | 'sendgrid';
  /** Whether delivering a mail again, by its id, has no second effect. */
  readonly idempotent: boolean;
  /**
   * Delivers one mail; header fields are made safe here.
   * @returns the provider's own id, where it has one
   * @throws MailDeliveryError whose `failure` says what to do next; nothing else
   */
  deliver(message: MailMessage): Promise<{ providerId?: string }>;
  /** Ends what is open; deliveries under way are to be awaited before. */
  close(): Promise<void>;
}
