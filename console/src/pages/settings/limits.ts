/** Characters that a password has at least. */
export const LEAST_PASSWORD = 8;

/** What a secret may be called: what can stand in a tag. */
export function isSecretName(name: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(name);
}
