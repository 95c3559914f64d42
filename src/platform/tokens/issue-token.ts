import { importJWK, SignJWT } from 'jose';
import { z } from 'zod';
import { type Clock, systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import { conflict, invalid } from '../errors.ts';
import { loadOwnKey, OWN_ALGORITHM } from './key-file.ts';
import { claimsSchema, type Role } from './principal.ts';

/** `iss` and `aud` of our own tokens. */
export const OWN_NAME = 'steward';

/** A token of our own is for trying things out and for small deployments, not for ever. */
const LONGEST_SECONDS = 366 * 86_400;

const requestSchema = claimsSchema.extend({
  expiresInSeconds: z
    .number()
    .int('must be a whole number of seconds')
    .min(1, 'must be at least one second')
    .max(LONGEST_SECONDS, `must be at most ${LONGEST_SECONDS} seconds (366 days)`),
});

export interface TokenRequest {
  sub: string;
  role: Role;
  name?: string;
  email?: string;
  expiresInSeconds: number;
}

/**
 * The key file that tokens are issued with.
 * @throws StewardError `tokens_come_from_issuer` (conflict) where an OIDC issuer is configured:
 *   a token of ours would not count
 */
export function ownKeyFile(tokens: Config['tokens']): string {
  if (tokens.kind === 'local') return tokens.keyFile;
  throw conflict(
    'tokens_come_from_issuer',
    `Tokens come from ${tokens.issuer} (OIDC_ISSUER); steward issues none of its own beside it.`,
    { issuer: tokens.issuer },
  );
}

/**
 * A signed token (JWT) for the HTTP API.
 * @param keyFile see {@link ownKeyFile}; made where there is none
 * @throws StewardError `invalid_input` with every fault of the request
 */
export async function issueToken(
  request: TokenRequest,
  keyFile: string,
  clock: Clock = systemClock,
): Promise<string> {
  const parsed = requestSchema.safeParse(request);
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => ({
      path: issue.path.join('.'),
      message: issue.message,
    }));
    const list = issues.map((issue) => `${issue.path} ${issue.message}`).join('; ');
    throw invalid(`No token can be issued: ${list}.`, issues);
  }
  const { sub, expiresInSeconds, ...claims } = parsed.data;
  const key = await loadOwnKey(keyFile);
  const nowSeconds = Math.floor(clock.now().getTime() / 1000);
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: OWN_ALGORITHM, kid: key.kid, typ: 'JWT' })
    .setSubject(sub)
    .setIssuer(OWN_NAME)
    .setAudience(OWN_NAME)
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + expiresInSeconds)
    .sign(await importJWK(key.privateJwk, OWN_ALGORITHM));
}
