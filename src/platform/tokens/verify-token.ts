import {
  createLocalJWKSet,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { StewardError, unavailable } from '../errors.ts';
import { OWN_NAME } from './issue-token.ts';
import { createIssuerKeys } from './issuer-keys.ts';
import { loadOwnKey, OWN_ALGORITHM } from './key-file.ts';
import { claimsSchema, type Principal, TokenError, type VerifyToken } from './principal.ts';

/** Clocks of two machines agree only so far. */
const CLOCK_TOLERANCE_SECONDS = 30;
/** Far above any real token; checked before anything is parsed. */
const LONGEST_TOKEN = 8_192;
/** Tokens remembered: about 5 MB at a kilobyte each. */
const REMEMBERED_TOKENS = 5_000;
/** A token is checked again after this, so that a key taken back by the issuer stops to count. */
const REMEMBERED_MS = 600_000;
/** Only methods with a public and a private key: with a shared secret, checking means forging. */
const ISSUER_ALGORITHMS = [
  ...['EdDSA', 'Ed25519', 'ES256', 'ES384', 'ES512'],
  ...['PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'],
];

interface Trust {
  getKey: JWTVerifyGetKey;
  options: JWTVerifyOptions;
}

/**
 * Checks tokens of our own key or of the configured issuer. A token that was good is remembered
 * until it expires (ten minutes at most), because every request carries one.
 * @param clock decides what has expired
 */
export function createTokenVerifier(tokens: Config['tokens'], clock: Clock): VerifyToken {
  const trust = tokens.kind === 'local' ? trustOwnKey(tokens.keyFile) : trustIssuer(tokens);
  const remembered = new Map<string, { principal: Principal; untilMs: number }>();
  return async (token) => {
    const nowMs = clock.now().getTime();
    const known = remembered.get(token);
    if (known && nowMs < known.untilMs) return known.principal;
    remembered.delete(token);
    const principal = await check(token, trust, clock);
    if (remembered.size >= REMEMBERED_TOKENS) {
      // A Map keeps the order of insertion: the first is the one checked longest ago.
      const oldest = remembered.keys().next();
      if (!oldest.done) remembered.delete(oldest.value);
    }
    const untilMs = Math.min(principal.expiresAt.getTime(), nowMs + REMEMBERED_MS);
    remembered.set(token, { principal, untilMs });
    return principal;
  };
}

function trustOwnKey(keyFile: string): () => Promise<Trust> {
  let trust: Promise<Trust> | undefined;
  return () => {
    trust ??= loadOwnKey(keyFile).then(
      (key) => ({
        getKey: createLocalJWKSet({ keys: [key.publicJwk] }),
        options: { algorithms: [OWN_ALGORITHM], issuer: OWN_NAME, audience: OWN_NAME },
      }),
      (error: unknown) => {
        trust = undefined;
        // Where the key file lies is nobody's business who sends tokens.
        throw unavailable(
          'token_key_unreadable',
          'The token cannot be checked at the moment: our own key cannot be read.',
          error,
        );
      },
    );
    return trust;
  };
}

function trustIssuer(tokens: { issuer: string; audience: string }): () => Promise<Trust> {
  const issuerKeys = createIssuerKeys(tokens.issuer);
  return async () => {
    const { issuer, getKey } = await issuerKeys();
    const options = { algorithms: ISSUER_ALGORITHMS, issuer, audience: tokens.audience };
    return { getKey, options };
  };
}

async function check(token: string, trust: () => Promise<Trust>, clock: Clock): Promise<Principal> {
  if (token.length > LONGEST_TOKEN || token.split('.').length !== 3) {
    throw new TokenError('token_malformed', 'The bearer token is not a signed JWT.');
  }
  const { getKey, options } = await trust();
  let payload: JWTPayload;
  try {
    const verified = await jwtVerify(token, getKey, {
      ...options,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: clock.now(),
      requiredClaims: ['exp', 'sub'],
    });
    payload = verified.payload;
  } catch (error) {
    throw tokenError(error);
  }
  return toPrincipal(payload);
}

function toPrincipal(payload: JWTPayload): Principal {
  const claims = claimsSchema.safeParse(payload);
  if (!claims.success) {
    const list = claims.error.issues.map((issue) => `"${issue.path.join('.')}" ${issue.message}`);
    throw new TokenError('token_claims', `The token's claims have faults: ${list.join('; ')}.`);
  }
  const { sub, ...rest } = claims.data;
  const expiresAt = new Date((payload.exp ?? 0) * 1000);
  return Object.freeze({ subject: sub, ...rest, expiresAt });
}

function tokenError(error: unknown): Error {
  if (error instanceof StewardError) return error;
  if (error instanceof errors.JWTExpired) {
    return new TokenError('token_expired', 'The token has expired; get a new one.', error);
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new TokenError('token_claims', claimSentence(error), error);
  }
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) {
    return new TokenError('token_malformed', 'The bearer token is not a signed JWT.', error);
  }
  // A wrong signature, an unknown key, a method that is not allowed, or a key of another kind: to
  // whoever forges tokens these are one answer.
  return new TokenError(
    'token_not_trusted',
    'The token is not signed by a key that this server trusts.',
    error,
  );
}

function claimSentence(error: errors.JWTClaimValidationFailed): string {
  const claim = `"${error.claim}"`;
  if (error.reason === 'missing') return `The token has no claim ${claim}.`;
  if (error.claim === 'nbf') return 'The token does not count yet ("nbf" is in the future).';
  return `The token's claim ${claim} is not the one that this server expects.`;
}
