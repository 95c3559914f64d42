import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import type mailService from '@sendgrid/mail';
import {
  type DeliveryFailure,
  MailDeliveryError,
  type MailMessage,
  safeMessage,
  withoutAddresses,
} from './message.ts';
import type { MailTransport } from './transport.ts';

/**
 * Connecting has its own, shorter limit, so that a request that ran out of time is known to have
 * had a connection: only then may the mail have been taken.
 */
const CONNECT_TIMEOUT_MS = 5_000;
/** SendGrid answers in well under a second; its own advice is to wait for ten. */
const REQUEST_TIMEOUT_MS = 15_000;
type MailService = typeof mailService;

export interface SendGridOptions {
  apiKey: string;
  /** `https://api.sendgrid.com`, the European host, or an emulator. */
  apiBase: string;
  from: string;
  connectTimeoutMs?: number;
  requestTimeoutMs?: number;
}

/** Mail through SendGrid's API v3, with `custom_args.mail_id` to find a mail in its activity. */
export function createSendGridTransport(options: SendGridOptions): MailTransport {
  const connectTimeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  const neverConnected = new WeakSet<object>();
  const watch = { timeoutMs: connectTimeoutMs, neverConnected };
  // Each mail has its own connection: one kept alive may be closed by the other side at the moment
  // it is used again, and then nobody knows whether that mail was taken.
  const agents = {
    http: watchConnecting(new http.Agent({ keepAlive: false }), 'connect', watch),
    https: watchConnecting(new https.Agent({ keepAlive: false }), 'secureConnect', watch),
  };
  let service: Promise<MailService> | undefined;
  return {
    kind: 'sendgrid',
    idempotent: false,
    deliver: async (message) => {
      const safe = safeMessage(message);
      service ??= openService(options, agents);
      const mail = await service;
      try {
        const [response] = await mail.send(request(safe, options.from));
        const headers: Record<string, unknown> = { ...response.headers };
        const providerId = headers['x-message-id'];
        return typeof providerId === 'string' ? { providerId } : {};
      } catch (error) {
        throw classify(error, neverConnected);
      }
    },
    close: async () => {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

function request(message: MailMessage, from: string) {
  return {
    from: { email: from, name: 'steward' },
    to: message.to,
    subject: message.subject,
    text: message.text,
    ...(message.html === undefined ? {} : { html: message.html }),
    customArgs: { mail_id: message.id },
    // Links in a mail about somebody's order are ours, not a tracker's.
    trackingSettings: {
      clickTracking: { enable: false, enableText: false },
      openTracking: { enable: false },
    },
  };
}

async function openService(
  options: SendGridOptions,
  agents: { http: http.Agent; https: https.Agent },
): Promise<MailService> {
  const { default: shared } = await import('@sendgrid/mail');
  // The package exports an instance for the whole process; its typings hide the class.
  const service: MailService = Reflect.construct(shared.constructor, []);
  const client: SendGridClient = Reflect.get(service, 'client');
  // Not setApiKey: it sets the base URL back to SendGrid's own, and prints about emulators' keys.
  client.setDefaultHeader('Authorization', `Bearer ${options.apiKey}`);
  client.setDefaultRequest({
    baseUrl: options.apiBase,
    timeout: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    httpAgent: agents.http,
    httpsAgent: agents.https,
    // A redirected POST would come back as a GET that succeeds and sends nothing.
    maxRedirects: 0,
    proxy: false,
  });
  return service;
}

/** The part of the package's client that its typings leave out. */
interface SendGridClient {
  setDefaultHeader(name: string, value: string): unknown;
  setDefaultRequest(settings: Record<string, unknown>): unknown;
}

/**
 * Makes connections fail when they take too long, and remembers the errors of those that never
 * came to be: nothing was sent over them.
 */
function watchConnecting<Agent extends http.Agent>(
  agent: Agent,
  ready: 'connect' | 'secureConnect',
  options: { timeoutMs: number; neverConnected: WeakSet<object> },
): Agent {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (connectOptions, callback) => {
    const socket: Duplex | null | undefined = connect(connectOptions, callback);
    if (!socket) return socket;
    const remember = (error: Error) => options.neverConnected.add(error);
    const timer = setTimeout(() => {
      const error = new Error('There was no connection in time.');
      socket.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
    }, options.timeoutMs);
    socket.prependListener('error', remember);
    socket.once('close', () => clearTimeout(timer));
    socket.once(ready, () => {
      clearTimeout(timer);
      socket.off('error', remember);
    });
    return socket;
  };
  return agent;
}

/** What SendGrid's answer, or the lack of one, means for the mail. */
function classify(error: unknown, neverConnected: WeakSet<object>): MailDeliveryError {
  const fault = readFault(error);
  if (fault.status !== undefined) {
    const words = fault.words === '' ? '' : `: ${withoutAddresses(fault.words)}`;
    return new MailDeliveryError(
      failureOfStatus(fault.status),
      `SendGrid answered ${fault.status}${words}`,
    );
  }
  const code = fault.code || 'no code';
  if (fault.chain.some((one) => neverConnected.has(one))) {
    return new MailDeliveryError('retryable', `SendGrid cannot be reached (${code}).`);
  }
  return new MailDeliveryError(
    'unknown',
    `SendGrid did not answer (${code}): the mail may have been taken.`,
  );
}

function failureOfStatus(status: number): DeliveryFailure {
  // 408: it gave up reading our request, so that nothing was taken.
  return status === 429 || status === 408 || status >= 500 ? 'retryable' : 'permanent';
}

interface Fault {
  /** HTTP status, where there was an answer. */
  status?: number;
  words: string;
  code: string;
  /** The error and what caused it. */
  chain: object[];
}

/**
 * Only the few fields that say what happened are read: the error also carries the whole request,
 * with the key and the mail in it, and is therefore neither kept nor passed on.
 */
function readFault(error: unknown): Fault {
  const fields = record(error);
  const response = record(fields.response);
  const status = [fields.code, response.status].find((value) => typeof value === 'number');
  const errors = record(response.body).errors;
  const words = (Array.isArray(errors) ? errors : [])
    .map((one) => [record(one).field, record(one).message].filter(Boolean).join(': '))
    .join('; ');
  const cause = record(fields.cause);
  return { status, words, code: String(fields.code ?? cause.code ?? ''), chain: [fields, cause] };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
