import { z } from 'zod';

/** Who may talk to the HTTP API. */
export const ROLES = ['customer', 'worker', 'supplies'] as const;
export type Role = (typeof ROLES)[number];

/** The one whom a verified token names. */
export interface Principal {
  /** `sub` of the token: who it is, in the words of whoever issues tokens. */
  readonly subject: string;
  readonly role: Role;
  readonly name?: string;
  readonly email?: string;
  /** When the token stops to count. */
  readonly expiresAt: Date;
}

/**
 * Checks a token.
 * @returns the same object for the same token as long as it is remembered
 * @throws TokenError for a token that does not count
 * @throws StewardError `issuer_unavailable` while the issuer's keys cannot be had
 */
export type VerifyToken = (token: string) => Promise<Principal>;

export type TokenErrorCode =
  /** No token, or not in the form `Authorization: Bearer …`. */
  | 'token_missing'
  | 'token_malformed'
  | 'token_expired'
  /** Not signed by a key that is trusted, or by a method that is not. */
  | 'token_not_trusted'
  /** Signed well, but a claim is missing or wrong. */
  | 'token_claims';

/** A token that does not count; the message says why and is safe to show. */
export class TokenError extends Error {
  readonly code: TokenErrorCode;

  constructor(code: TokenErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'TokenError';
    this.code = code;
  }
}

/** What a person may be called: it is stored, mailed and shown. */
const word = (limit: number) =>
  z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(limit, `must have at most ${limit} characters`)
    // PostgreSQL refuses NUL, and mail headers refuse line ends.
    .refine(
      (text) => text.isWellFormed() && !/\p{Cc}/u.test(text),
      'must not contain control characters',
    );

/** The claims that steward reads, apart from those that JWT itself defines. */
export const claimsSchema = z.object({
  sub: word(200),
  role: z.enum(ROLES, `must be one of ${ROLES.join(', ')}`),
  name: word(200).optional(),
  email: z.email('must be an e-mail address').max(254).optional(),
});
