/** What a caught value says, whichever realm its class is of. */
export function problemText(error: unknown): string {
  const { message } = (error ?? {}) as { readonly message?: unknown };
  return typeof message === 'string' ? message : String(error);
}
