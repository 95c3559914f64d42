/** An answer of the HTTP API. */
export interface Answer<Body = unknown> {
  status: number;
  body: Body;
  /** Whether it is the answer to an earlier request with the same key. */
  replayed: boolean;
}

/** Somebody with a token, at the other end of the line. Connections are kept alive. */
export interface Caller {
  get<Body>(path: string): Promise<Answer<Body>>;
  post<Body>(path: string, body?: object, idempotencyKey?: string): Promise<Answer<Body>>;
  /** Sends one picture as a form. */
  upload<Body>(path: string, field: string, photo: Uint8Array): Promise<Answer<Body>>;
}

/** @param signal ends a request that is under way */
export function createCaller(url: string, token: string, signal: AbortSignal): Caller {
  const call = async <Body>(path: string, init: RequestInit): Promise<Answer<Body>> => {
    const headers = { ...init.headers, authorization: `Bearer ${token}` };
    const response = await fetch(url + path, { ...init, headers, signal });
    return {
      status: response.status,
      body: (await response.json()) as Body,
      replayed: response.headers.get('idempotency-replayed') === 'true',
    };
  };
  return {
    get: (path) => call(path, {}),
    post: (path, body, idempotencyKey) =>
      call(path, {
        method: 'POST',
        body: body && JSON.stringify(body),
        headers: {
          ...(body && { 'content-type': 'application/json' }),
          ...(idempotencyKey && { 'idempotency-key': idempotencyKey }),
        },
      }),
    upload: (path, field, photo) => {
      const body = new FormData();
      body.append(field, new Blob([Uint8Array.from(photo)], { type: 'image/png' }), 'photo.png');
      return call(path, { method: 'POST', body });
    },
  };
}
