/** What values beyond the bound are called. */
export const OTHER = 'other';
const LONGEST = 128;

/** The first so many values of a label, as they are but for their length (128); all later ones are `other`. */
export class BoundedLabels {
  private readonly known = new Set<string>();

  constructor(private readonly most: number) {}

  /** O(1). */
  of(value: string): string {
    const label = value.length > LONGEST ? value.slice(0, LONGEST) : value;
    if (this.known.has(label)) return label;
    if (this.known.size >= this.most) return OTHER;
    this.known.add(label);
    return label;
  }
}
