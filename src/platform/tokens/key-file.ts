import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import { z } from 'zod';
import { StewardError } from '../errors.ts';

/** Signature method of our own tokens: small, fast, and without parameters to get wrong. */
export const OWN_ALGORITHM = 'EdDSA';

const keySchema = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string().min(1),
  d: z.string().min(1),
  kid: z.string().min(1),
});

/** The key pair that steward signs its own tokens with. */
export interface OwnKey {
  privateJwk: JWK;
  publicJwk: JWK;
  kid: string;
}

/**
 * Reads the key file, making it first where there is none. Ten processes that start at once end
 * up with the same key: the file appears whole, under its name, once.
 * @throws StewardError `token_key_unreadable` when it is there and is not such a key
 */
export async function loadOwnKey(keyFile: string): Promise<OwnKey> {
  const text = (await read(keyFile)) ?? (await create(keyFile));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const key = keySchema.safeParse(value);
  if (!key.success) {
    throw new StewardError(
      'unavailable',
      'token_key_unreadable',
      `${keyFile} is not a key file of steward: expected a private Ed25519 key as JWK. ` +
        'Without the file a new key is made, and tokens issued so far stop to count.',
    );
  }
  const { d, ...open } = key.data;
  const publicJwk = { ...open, alg: OWN_ALGORITHM, use: 'sig' };
  return { privateJwk: { ...publicJwk, d }, publicJwk, kid: open.kid };
}

async function read(keyFile: string): Promise<string | undefined> {
  try {
    return await readFile(keyFile, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw new StewardError(
      'unavailable',
      'token_key_unreadable',
      `The key file ${keyFile} cannot be read: ${error instanceof Error ? error.message : error}.`,
      { cause: error },
    );
  }
}

async function create(keyFile: string): Promise<string> {
  const pair = await generateKeyPair(OWN_ALGORITHM, { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(pair.privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  const text = `${JSON.stringify({ ...jwk, kid, alg: OWN_ALGORITHM, use: 'sig' })}\n`;
  await mkdir(dirname(keyFile), { recursive: true });
  const temporary = `${keyFile}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    // Not a rename: that would replace the key of whoever was first.
    await link(temporary, keyFile);
    return text;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return await readFile(keyFile, 'utf8');
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
