import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { type StewardError, unavailable } from '../errors.ts';

/** Long enough for a slow issuer, short enough that a request still gets its answer. */
const TIMEOUT_MS = 5_000;
/** Keys are fetched anew after this, so that a key that was taken back stops to count. */
const KEYS_MAX_AGE_MS = 600_000;
/** An unknown key id makes us ask the issuer at most this often: anybody can invent key ids. */
const COOLDOWN_MS = 30_000;
/** After the issuer failed to answer, it is not asked again for so long. */
const PAUSE_MS = 3_000;

const discoverySchema = z.object({ issuer: z.string(), jwks_uri: z.url() });

/** Where an issuer's keys come from. */
export interface IssuerKeys {
  /** The issuer's own spelling of its name: what `iss` must be. */
  issuer: string;
  getKey: JWTVerifyGetKey;
}

/**
 * Finds an issuer's keys by OpenID Connect Discovery 1.0, at the first token and not at start: the
 * API runs before its issuer does. The answer is kept; a failure only for a moment.
 * @throws StewardError `issuer_unavailable`
 */
export function createIssuerKeys(configuredIssuer: string): () => Promise<IssuerKeys> {
  const get = pausing();
  let known: Promise<IssuerKeys> | undefined;
  return () => {
    known ??= discover(configuredIssuer, get).catch((error: unknown) => {
      known = undefined;
      throw issuerUnavailable(configuredIssuer, error);
    });
    return known;
  };
}

type Get = (url: string, options: RequestInit) => Promise<Response>;

/** `fetch` that refuses at once for a moment after a failure. */
function pausing(): Get {
  let pausedUntilMs = 0;
  return async (url, options) => {
    if (performance.now() < pausedUntilMs) throw new Error(`${url} failed a moment ago`);
    try {
      const response = await fetch(url, options);
      if (!response.ok) throw new Error(`${url} answered ${response.status}`);
      return response;
    } catch (error) {
      pausedUntilMs = performance.now() + PAUSE_MS;
      throw error;
    }
  };
}

async function discover(configuredIssuer: string, get: Get): Promise<IssuerKeys> {
  const base = configuredIssuer.replace(/\/$/, '');
  const address = `${base}/.well-known/openid-configuration`;
  const response = await get(address, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: { accept: 'application/json' },
  });
  const parsed = discoverySchema.safeParse(await response.json());
  // Section 4.3: a document that names another issuer must not be used.
  if (!parsed.success || parsed.data.issuer.replace(/\/$/, '') !== base) {
    throw new Error(`${address} is not the discovery document of this issuer`);
  }
  const keysUrl = new URL(parsed.data.jwks_uri);
  if (keysUrl.protocol !== new URL(base).protocol && keysUrl.protocol !== 'https:') {
    throw new Error(`${keysUrl} is not protected by TLS as its issuer is`);
  }
  const getKey = createRemoteJWKSet(keysUrl, {
    timeoutDuration: TIMEOUT_MS,
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: KEYS_MAX_AGE_MS,
    [customFetch]: get,
  });
  return {
    issuer: parsed.data.issuer,
    getKey: async (header, token) => {
      try {
        return await getKey(header, token);
      } catch (error) {
        throw isTokensFault(error) ? error : issuerUnavailable(configuredIssuer, error);
      }
    },
  };
}

/** The issuer has no such key; all else is the issuer's trouble, not the token's. */
function isTokensFault(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}

function issuerUnavailable(issuer: string, cause: unknown): StewardError {
  return unavailable(
    'issuer_unavailable',
    'The token cannot be checked at the moment: its issuer does not answer.',
    new Error(`issuer ${issuer}`, { cause }),
  );
}
