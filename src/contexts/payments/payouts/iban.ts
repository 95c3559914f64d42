/** Without spaces, in capital letters. */
export function normalIban(typed: string): string {
  return typed.replace(/[\s\u00a0-]/g, '').toUpperCase();
}

/**
 * Whether the check digits fit (ISO 13616, mod 97 of ISO 7064): one wrong digit or two swapped
 * ones never do.
 * @param iban as {@link normalIban} gives it
 */
export function isIban(iban: string): boolean {
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(iban)) return false;
  const digits = Array.from(iban.slice(4) + iban.slice(0, 4), (sign) =>
    Number.parseInt(sign, 36).toString(),
  ).join('');
  return BigInt(digits) % 97n === 1n;
}
