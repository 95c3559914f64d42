export { createMailTransport } from './create-transport.ts';
export { MailDeliveryError, type MailMessage, type RenderedMail } from './message.ts';
export { mailMigrations } from './migrations.ts';
export {
  countMails,
  enqueueMails,
  listMails,
  type MailRecord,
  type NewMail,
  retryMail,
} from './outbox.ts';
export {
  type MailToRender,
  type RenderMail,
  type SentMails,
  sendWaitingMails,
} from './send-waiting-mails.ts';
export type { MailData, MailStatus, MailTables } from './tables.ts';
export type { MailTransport } from './transport.ts';
