/** Shorter texts are copied by the engine itself. */
const SHARED_FROM = 13;

/**
 * The same text in memory of its own. A part of a line keeps the whole line alive, so whatever outlives its line is copied.
 */
export function ownText(text: string): string {
  return text.length < SHARED_FROM ? text : Buffer.from(text, 'utf8').toString('utf8');
}

/** A bounded map that forgets what was not asked for lately: two generations, of which the older is dropped whole. */
export class RecentTexts<Value> {
  private young = new Map<string, Value>();
  private old = new Map<string, Value>();

  /** @param size most entries in both generations together. */
  constructor(private readonly size: number) {}

  get(key: string): Value | undefined {
    const recent = this.young.get(key);
    if (recent !== undefined) return recent;
    const aged = this.old.get(key);
    if (aged !== undefined) this.set(key, aged);
    return aged;
  }

  set(key: string, value: Value): void {
    if (this.young.size >= this.size / 2) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(ownText(key), value);
  }
}
