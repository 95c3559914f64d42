import type { MainProcessor } from '../processor.ts';

export const sendMail: MainProcessor<'mail.send'> = (app, { signal }) => app.mails.send(signal);
