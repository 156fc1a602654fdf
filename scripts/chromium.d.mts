/** A Chromium, and what it needs besides the usual environment. */
export interface Chromium {
  readonly executable: string;
  readonly env: Readonly<Record<string, string>>;
}

export function chromium(): Promise<Chromium>;
