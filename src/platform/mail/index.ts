export { createMailTransport } from './create-transport.ts';
export type { MailMessage } from './message.ts';
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
  type RenderMail,
  type SentMails,
  sendWaitingMails,
} from './send-waiting-mails.ts';
export type { MailStatus, MailTables } from './tables.ts';
