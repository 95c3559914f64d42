import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  type AddressInfo,
  createServer as createNetServer,
  type Server,
  type Socket,
} from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { MailMessage } from './message.ts';
import { createSendGridTransport } from './sendgrid-transport.ts';

const message: MailMessage = {
  id: '0197a000-0000-7000-8000-000000000001',
  to: { email: 'ada@example.org', name: 'Ada\r\nLovelace' },
  subject: 'Your order\nis placed',
  text: 'Hello {{name}}',
  html: '<p>Hello</p>',
};

interface Received {
  path: string | undefined;
  authorization: string | undefined;
  body: unknown;
}

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

function transportTo(apiBase: string) {
  const transport = createSendGridTransport({
    apiKey: 'emulator-key',
    apiBase,
    from: 'steward@example.org',
    connectTimeoutMs: 300,
    requestTimeoutMs: 1_000,
  });
  onTestFinished(() => transport.close());
  return transport;
}

/** SendGrid as far as one mail goes; `answer` decides. */
async function emulator(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push({
      path: request.url,
      authorization: request.headers.authorization,
      body: JSON.parse(Buffer.concat(chunks).toString()),
    });
    answer(request, response);
  });
  const port = await listen(server);
  return { received, transport: transportTo(`http://127.0.0.1:${port}`) };
}

describe('mail through SendGrid', () => {
  test('a mail arrives as its API expects, with our id in it and clean headers', async () => {
    const { received, transport } = await emulator((_request, response) =>
      response.writeHead(202, { 'x-message-id': 'sg-1' }).end(),
    );
    expect(await transport.deliver(message)).toEqual({ providerId: 'sg-1' });
    expect(received).toEqual([
      {
        path: '/v3/mail/send',
        authorization: 'Bearer emulator-key',
        body: expect.objectContaining({
          from: { email: 'steward@example.org', name: 'steward' },
          personalizations: [{ to: [{ email: 'ada@example.org', name: 'Ada Lovelace' }] }],
          subject: 'Your order is placed',
          custom_args: { mail_id: message.id },
          content: [
            { type: 'text/plain', value: 'Hello {{name}}' },
            { type: 'text/html', value: '<p>Hello</p>' },
          ],
        }),
      },
    ]);
  });

  test.each([
    [400, 'permanent'],
    [401, 'permanent'],
    [413, 'permanent'],
    [302, 'permanent'],
    [429, 'retryable'],
    [500, 'retryable'],
    [503, 'retryable'],
  ])('an answer %i is %s', async (status, failure) => {
    const { received, transport } = await emulator((_request, response) => {
      const body = { errors: [{ field: 'to', message: 'eve@example.net is no good' }] };
      response.writeHead(status, { 'content-type': 'application/json', location: '/elsewhere' });
      response.end(JSON.stringify(body));
    });
    const error: unknown = await transport.deliver(message).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'MailDeliveryError', failure });
    expect(String(error)).toContain(`SendGrid answered ${status}`);
    expect(received).toHaveLength(1);
    // Neither the recipient, nor what the provider quotes, nor our key may reach a log line.
    const everything = JSON.stringify(error, Object.getOwnPropertyNames(error));
    expect(everything).not.toMatch(/ada@|eve@|emulator-key/);
  });

  test('nobody there: nothing was sent, try again', async () => {
    const server = createNetServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const transport = transportTo(`http://127.0.0.1:${port}`);
    await expect(transport.deliver(message)).rejects.toMatchObject({ failure: 'retryable' });
  });

  test('no such host: nothing was sent, try again', async () => {
    const transport = transportTo('http://sendgrid.invalid');
    await expect(transport.deliver(message)).rejects.toMatchObject({ failure: 'retryable' });
  });

  test('a connection that never comes about: nothing was sent, try again', async () => {
    // It takes the TCP connection and never answers the TLS handshake.
    const port = await listen(createNetServer(() => undefined));
    const transport = transportTo(`https://127.0.0.1:${port}`);
    await expect(transport.deliver(message)).rejects.toMatchObject({ failure: 'retryable' });
  });

  test('no TLS on the other side: nothing was sent, try again', async () => {
    const port = await listen(createNetServer((socket) => socket.end('HTTP/1.1 400 no\r\n\r\n')));
    const transport = transportTo(`https://127.0.0.1:${port}`);
    await expect(transport.deliver(message)).rejects.toMatchObject({ failure: 'retryable' });
  });

  test('no answer in time: nobody knows whether it was sent', async () => {
    const { received, transport } = await emulator(() => undefined);
    await expect(transport.deliver(message)).rejects.toMatchObject({ failure: 'unknown' });
    expect(received).toHaveLength(1);
  });

  test('a connection that breaks after the mail was read: nobody knows', async () => {
    const { received, transport } = await emulator((request) => request.socket.destroy());
    await expect(transport.deliver(message)).rejects.toMatchObject({ failure: 'unknown' });
    expect(received).toHaveLength(1);
  });

  test('a recipient without an address never reaches SendGrid', async () => {
    const { received, transport } = await emulator((_request, response) => response.end());
    const nobody = { ...message, to: { email: 'nobody' } };
    await expect(transport.deliver(nobody)).rejects.toMatchObject({ failure: 'permanent' });
    expect(received).toEqual([]);
  });
});
