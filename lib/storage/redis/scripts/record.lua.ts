import { COMMIT } from './record/commit.lua.js';
import { JUDGE } from './record/judge.lua.js';
import { VIOLATIONS } from './record/violations.lua.js';

/**
 * The pass over all rules of one request: banned? → peek → decide → commit → ban. See `storage.ts` for what each step means and
 * `plan.ts` for how the rules arrive; the arithmetic is that of `lib/windows`.
 */
export const RECORD = JUDGE + VIOLATIONS + COMMIT;
