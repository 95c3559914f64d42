import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import { createVirtualClock } from '../clock.ts';
import { issueToken, ownKeyFile } from './issue-token.ts';
import { loadOwnKey } from './key-file.ts';
import { createTokenVerifier } from './verify-token.ts';

const START = new Date('2026-11-23T10:00:00Z');

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function freshKeyFile(): string {
  return join(temporaryFolder('tokens'), 'home', 'tokens.key.json');
}

function local() {
  const keyFile = freshKeyFile();
  const clock = createVirtualClock(START);
  const verify = createTokenVerifier({ kind: 'local', keyFile }, clock);
  const issue = (more: Partial<Parameters<typeof issueToken>[0]> = {}) =>
    issueToken({ sub: 'ann', role: 'customer', expiresInSeconds: 3600, ...more }, keyFile, clock);
  return { keyFile, clock, verify, issue };
}

/** Signs any header and claims with the server's own private key. */
async function signWithOwnKey(
  keyFile: string,
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
) {
  const { privateJwk, kid } = await loadOwnKey(keyFile);
  const body = `${encode({ alg: 'EdDSA', kid, ...header })}.${encode(claims)}`;
  const key = { key: privateJwk as Record<string, string>, format: 'jwk' } as const;
  return `${body}.${sign(null, Buffer.from(body), key).toString('base64url')}`;
}

const exp = START.getTime() / 1000 + 600;
const GOOD = { sub: 'ann', role: 'customer', iss: 'steward', aud: 'steward', exp };

describe('tokens of our own key', () => {
  test('an issued token names who it was issued for', async () => {
    const { verify, issue } = local();
    const token = await issue({ role: 'worker', name: 'Ann Lee', email: 'ann@example.org' });
    expect(await verify(token)).toEqual({
      subject: 'ann',
      role: 'worker',
      name: 'Ann Lee',
      email: 'ann@example.org',
      expiresAt: new Date(START.getTime() + 3_600_000),
    });
  });

  test('ten verifiers that start at once in an empty home trust the same key', async () => {
    const keyFile = freshKeyFile();
    const keys = await Promise.all(Array.from({ length: 10 }, () => loadOwnKey(keyFile)));
    expect(new Set(keys.map((key) => key.kid)).size).toBe(1);
    expect(JSON.parse(readFileSync(keyFile, 'utf8')).kid).toBe(keys[0]?.kid);
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(keyFile, '..'))).toEqual(['tokens.key.json']);
  });

  test('a damaged key file is refused by name and not replaced', async () => {
    const { keyFile, verify, issue } = local();
    const token = await issue();
    writeFileSync(keyFile, '{"kty":"RSA"}');
    await expect(loadOwnKey(keyFile)).rejects.toThrow(`${keyFile} is not a key file of steward`);
    const refusal = verify(token);
    await expect(refusal).rejects.toMatchObject({ code: 'token_key_unreadable' });
    await expect(refusal).rejects.not.toThrow(keyFile);
    expect(readFileSync(keyFile, 'utf8')).toBe('{"kty":"RSA"}');
  });

  test('a token counts until it expires, with 30 seconds for clocks that differ', async () => {
    const { verify, issue, clock } = local();
    const token = await issue({ expiresInSeconds: 60 });
    await verify(token);
    clock.advance(89_000);
    await verify(token);
    clock.advance(2_000);
    await expect(verify(token)).rejects.toMatchObject({ code: 'token_expired' });
  });

  test('a token that was good is answered from memory with the same object', async () => {
    const { verify, issue, clock } = local();
    const token = await issue();
    const first = await verify(token);
    expect(await verify(token)).toBe(first);
    clock.advance(601_000);
    expect(await verify(token)).not.toBe(first);
  });

  test.each([
    ['no claims', {}, 'token_claims'],
    ['no exp', { ...GOOD, exp: undefined }, 'token_claims'],
    ['no sub', { ...GOOD, sub: undefined }, 'token_claims'],
    ['an empty sub', { ...GOOD, sub: '  ' }, 'token_claims'],
    ['a sub of 201 characters', { ...GOOD, sub: 'x'.repeat(201) }, 'token_claims'],
    ['NUL in sub', { ...GOOD, sub: 'a\u0000b' }, 'token_claims'],
    ['half a surrogate pair in the name', { ...GOOD, name: 'a\ud800' }, 'token_claims'],
    ['a role that does not exist', { ...GOOD, role: 'manager' }, 'token_claims'],
    ['no role', { ...GOOD, role: undefined }, 'token_claims'],
    ['mail that is none', { ...GOOD, email: 'ann' }, 'token_claims'],
    ['another issuer', { ...GOOD, iss: 'elsewhere' }, 'token_claims'],
    ['another audience', { ...GOOD, aud: 'elsewhere' }, 'token_claims'],
    ['nbf in the future', { ...GOOD, nbf: exp }, 'token_claims'],
  ])('a token with %s is refused', async (_name, claims, code) => {
    const { keyFile, verify } = local();
    await expect(verify(await signWithOwnKey(keyFile, claims))).rejects.toMatchObject({ code });
  });

  test.each([
    'abc',
    '',
    'a.b',
    'a.b.c',
    '..',
    `${encode({ alg: 'EdDSA' })}.!!.x`,
    'x'.repeat(10_000),
  ])('%j is no token', async (token) => {
    const { verify } = local();
    await expect(verify(token)).rejects.toMatchObject({ code: 'token_malformed' });
  });

  test('a good token with another end is refused', async () => {
    const { verify, issue } = local();
    const token = await issue();
    const forged = token.slice(0, -6) + (token.endsWith('AAAAAA') ? 'BBBBBB' : 'AAAAAA');
    await expect(verify(forged)).rejects.toMatchObject({ code: 'token_not_trusted' });
  });

  test('"alg": "none" is refused, with and without a signature', async () => {
    const { verify } = local();
    const body = `${encode({ alg: 'none' })}.${encode(GOOD)}`;
    await expect(verify(`${body}.`)).rejects.toMatchObject({ name: 'TokenError' });
    await expect(verify(`${body}.AAAA`)).rejects.toMatchObject({ name: 'TokenError' });
  });

  test('HS256 with the public key as secret is refused, in every spelling of the key', async () => {
    const { keyFile, verify } = local();
    const { publicJwk, kid } = await loadOwnKey(keyFile);
    const raw = Buffer.from(String(publicJwk.x), 'base64url');
    for (const secret of [raw, String(publicJwk.x), JSON.stringify(publicJwk)]) {
      const body = `${encode({ alg: 'HS256', kid })}.${encode(GOOD)}`;
      const mac = createHmac('sha256', secret).update(body).digest('base64url');
      await expect(verify(`${body}.${mac}`)).rejects.toMatchObject({ code: 'token_not_trusted' });
    }
  });

  test('a key of somebody else is refused, under its own id and under ours', async () => {
    const { keyFile, verify } = local();
    const { kid } = await loadOwnKey(keyFile);
    const { privateKey } = generateKeyPairSync('ed25519');
    for (const header of [{ kid: 'other' }, { kid }, {}]) {
      const body = `${encode({ alg: 'EdDSA', ...header })}.${encode(GOOD)}`;
      const forged = `${body}.${sign(null, Buffer.from(body), privateKey).toString('base64url')}`;
      await expect(verify(forged)).rejects.toMatchObject({ code: 'token_not_trusted' });
    }
  });

  test('a key inside the token itself is not used', async () => {
    const { verify } = local();
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const header = { alg: 'EdDSA', jwk: publicKey.export({ format: 'jwk' }) };
    const body = `${encode(header)}.${encode(GOOD)}`;
    const forged = `${body}.${sign(null, Buffer.from(body), privateKey).toString('base64url')}`;
    await expect(verify(forged)).rejects.toMatchObject({ code: 'token_not_trusted' });
  });

  test('issuing names every fault of the request', async () => {
    const { issue } = local();
    const request = issue({ sub: '', email: 'x', expiresInSeconds: 0 });
    await expect(request).rejects.toMatchObject({
      code: 'invalid_input',
      issues: [{ path: 'sub' }, { path: 'email' }, { path: 'expiresInSeconds' }],
    });
  });

  test('no tokens are issued beside an OIDC issuer', () => {
    const tokens = { kind: 'oidc', issuer: 'https://id.example.org', audience: 'x' } as const;
    expect(() => ownKeyFile(tokens)).toThrow('Tokens come from https://id.example.org');
  });
});

/** An OpenID Connect issuer on a free port, with one RSA key that can be replaced. */
async function startIssuer() {
  const makeKey = async () => {
    const pair = await generateKeyPair('RS256', { extractable: true });
    const kid = randomBytes(4).toString('hex');
    return { ...pair, kid, jwk: { ...(await exportJWK(pair.publicKey)), kid, alg: 'RS256' } };
  };
  let key = await makeKey();
  const state = { down: false, wrongIssuer: false, fetches: 0 };
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo;
    const issuer = `http://127.0.0.1:${port}`;
    if (request.url === '/jwks') state.fetches++;
    response.setHeader('content-type', 'application/json');
    if (state.down) response.statusCode = 500;
    const document = { issuer: state.wrongIssuer ? 'x' : issuer, jwks_uri: `${issuer}/jwks` };
    response.end(JSON.stringify(request.url === '/jwks' ? { keys: [key.jwk] } : document));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issue = (claims: Record<string, unknown> = {}) =>
    new SignJWT({ ...GOOD, iss: issuer, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: key.kid })
      .sign(key.privateKey);
  const replaceKey = async () => {
    key = await makeKey();
  };
  const verify = createTokenVerifier(
    { kind: 'oidc', issuer, audience: 'steward' },
    createVirtualClock(START),
  );
  return { issuer, state, issue, verify, replaceKey, publicJwk: () => key.jwk };
}

describe('tokens of an OIDC issuer', () => {
  test('a token signed by a key of the issuer counts, and the keys are fetched once', async () => {
    const { issue, verify, state } = await startIssuer();
    for (const sub of ['a', 'b', 'c']) {
      expect((await verify(await issue({ sub }))).subject).toBe(sub);
    }
    expect(state.fetches).toBe(1);
  });

  test('a token for another audience or from another issuer is refused', async () => {
    const { issue, verify } = await startIssuer();
    for (const claims of [{ aud: 'shop' }, { iss: 'https://evil.example.org' }]) {
      const token = await issue(claims);
      await expect(verify(token)).rejects.toMatchObject({ code: 'token_claims' });
    }
  });

  test('HS256 with the public RSA key as secret is refused', async () => {
    const { verify, publicJwk, issuer } = await startIssuer();
    const header = encode({ alg: 'HS256', kid: publicJwk().kid });
    const body = `${header}.${encode({ ...GOOD, iss: issuer })}`;
    const mac = createHmac('sha256', JSON.stringify(publicJwk())).update(body).digest('base64url');
    await expect(verify(`${body}.${mac}`)).rejects.toMatchObject({ code: 'token_not_trusted' });
  });

  test('key ids that nobody knows do not make us ask the issuer each time', async () => {
    const { issue, verify, replaceKey, state } = await startIssuer();
    await verify(await issue());
    await replaceKey();
    const unknown = await issue();
    await expect(verify(unknown)).rejects.toMatchObject({ code: 'token_not_trusted' });
    await expect(verify(unknown)).rejects.toMatchObject({ code: 'token_not_trusted' });
    expect(state.fetches).toBe(1);
  });

  test('while the issuer is down the answer is "later", and known tokens still count', async () => {
    const { issue, verify, state } = await startIssuer();
    state.down = true;
    const token = await issue();
    await expect(verify(token)).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'issuer_unavailable',
    });
    state.down = false;
    const other = await startIssuer();
    const known = await other.issue();
    await other.verify(known);
    other.state.down = true;
    expect((await other.verify(known)).subject).toBe('ann');
  });

  test('a discovery document of another issuer is not used', async () => {
    const { issue, verify, state } = await startIssuer();
    state.wrongIssuer = true;
    await expect(verify(await issue())).rejects.toMatchObject({ code: 'issuer_unavailable' });
  });
});
