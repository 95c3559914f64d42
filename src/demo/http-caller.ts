import { Agent, type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';

/** An answer of the HTTP API. */
export interface Answer<Body = unknown> {
  status: number;
  body: Body;
  /** Whether it is the answer to an earlier request with the same key. */
  replayed: boolean;
}

/** Somebody with a token, at the other end of the line. */
export interface Caller {
  get<Body>(path: string): Promise<Answer<Body>>;
  post<Body>(path: string, body?: object, idempotencyKey?: string): Promise<Answer<Body>>;
  /** Sends one picture as a form. */
  upload<Body>(path: string, field: string, photo: Uint8Array): Promise<Answer<Body>>;
}

/** Clients of the HTTP API, over connections that are kept alive. */
export interface Line {
  caller(token: string): Caller;
  close(): void;
}

interface Content {
  type: string;
  bytes: Buffer;
}

const BOUNDARY = 'steward-demo-7d1f0c';

/** @param signal ends requests that are under way */
export function openLine(url: string, signal: AbortSignal): Line {
  const agent = new Agent({ keepAlive: true });

  const send = async <Body>(
    method: 'GET' | 'POST',
    path: string,
    token: string,
    { content, key }: { content?: Content; key?: string } = {},
  ): Promise<Answer<Body>> => {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const headers = {
      authorization: `Bearer ${token}`,
      'content-length': content?.bytes.length ?? 0,
      ...(content && { 'content-type': content.type }),
      ...(key && { 'idempotency-key': key }),
    };
    const sent = request(url + path, { agent, method, headers }, resolve).on('error', reject);
    const abort = () => sent.destroy(signal.reason);
    signal.addEventListener('abort', abort);
    try {
      sent.end(content?.bytes);
      const answer = await promise;
      return {
        status: answer.statusCode ?? 0,
        body: (await json(answer)) as Body,
        replayed: answer.headers['idempotency-replayed'] === 'true',
      };
    } finally {
      signal.removeEventListener('abort', abort);
    }
  };

  return {
    caller: (token) => ({
      get: (path) => send('GET', path, token),
      post: (path, body, key) => send('POST', path, token, { content: body && asJson(body), key }),
      upload: (path, field, photo) => send('POST', path, token, { content: asForm(field, photo) }),
    }),
    close: () => agent.destroy(),
  };
}

function asJson(body: object): Content {
  return { type: 'application/json', bytes: Buffer.from(JSON.stringify(body)) };
}

/** A form with one picture in it (RFC 7578). */
function asForm(field: string, photo: Uint8Array): Content {
  const head = [
    `--${BOUNDARY}`,
    `content-disposition: form-data; name="${field}"; filename="${field}.png"`,
    'content-type: image/png',
    '\r\n',
  ].join('\r\n');
  return {
    type: `multipart/form-data; boundary=${BOUNDARY}`,
    bytes: Buffer.concat([Buffer.from(head), photo, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]),
  };
}
