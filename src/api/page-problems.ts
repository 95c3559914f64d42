import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Logger } from '../platform/log.ts';
import { createErrorHandler, type ProblemAnswer } from './errors.ts';
import { sendNotice } from './html-page.ts';

interface Notice {
  status?: number;
  title: string;
  sentences: readonly string[];
}

const USELESS: Notice = {
  status: 404,
  title: 'This link does not work',
  sentences: [
    'Perhaps a part of it was lost on the way. Open the mail again and click the link itself, or copy all of it.',
  ],
};

const NOTICES: Readonly<Record<string, Notice>> = {
  link_expired: {
    status: 410,
    title: 'This link has expired',
    sentences: [
      'Links in our mails are good for 30 days.',
      'Nothing was charged by opening it. Use the link in our latest mail, or give your payment method where you place your orders.',
    ],
  },
  link_invalid: USELESS,
  // The link is one of ours; the customer is not there any more.
  customer_not_found: USELESS,
  page_not_found: {
    title: 'There is no such page',
    sentences: ['Go back to where you came from and open a new one.'],
  },
};

const UNAVAILABLE: Notice = {
  title: 'Not available at the moment',
  sentences: ['Nothing was lost and nothing was charged. Please try again in a minute.'],
};

/** For addresses that people open in a browser: what goes wrong is told as a page, not as JSON. */
export function tellProblemsAsPages(app: FastifyInstance, log: Logger): void {
  app.setErrorHandler(createErrorHandler(log, sendProblemPage));
}

function sendProblemPage(reply: FastifyReply, { problem, headers }: ProblemAnswer): void {
  const fallback: Notice = { title: problem.title, sentences: [problem.detail] };
  const notice = NOTICES[problem.code] ?? (problem.status === 503 ? UNAVAILABLE : fallback);
  reply.code(notice.status ?? problem.status).headers(headers);
  sendNotice(reply, notice);
}
