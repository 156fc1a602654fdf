import { z } from 'zod';
import type { BehaviorRuleOptions } from './behavior-rule.js';
import type { SparseReads } from './sparse-object.js';
import {
  banDurationSchema,
  countOrFunctionSchema,
  countSchema,
  durationMs,
  durationSchema,
  functionSchema,
  isCountOrFunction,
  show,
} from './value-schemas.js';

type Options = BehaviorRuleOptions;

const NAME = /^[A-Za-z0-9_.:-]{1,64}$/;
const NAME_FORMS = 'must be 1 to 64 letters, digits or any of _ . : -';

const ACTIONS = ['log', 'alert', 'delay', 'throttle', 'challenge', 'ban', 'custom'] as const;

const FREQUENCY_FORMS = 'must be a number > 0 (events per second)';

const groupSchema = () => z.strictObject({ group: z.string(NAME_FORMS).regex(NAME, NAME_FORMS) });

/** What each option of a rule must be. */
export const RULE_SHAPE = {
  name: () => z.string(NAME_FORMS).regex(NAME, NAME_FORMS),
  threshold: () => countOrFunctionSchema<NonNullable<Options['threshold']>>(),
  maxThreshold: () => countSchema(1),
  maxFrequency: () => z.number(FREQUENCY_FORMS).positive(FREQUENCY_FORMS),
  window: () => durationSchema(1),
  pacing: () => z.boolean('must be true or false'),
  pattern: () => z.string('must be a string'),
  action: () =>
    z.enum(ACTIONS, { error: (issue) => `must be one of ${ACTIONS.join(', ')}; got ${show(issue.input)}` }),
  customAction: () =>
    functionSchema<NonNullable<Options['customAction']>>('a function or an injectable class'),
  banDuration: banDurationSchema,
  banScope: () => z.enum(['all', 'route'], { error: () => "must be 'all' or 'route'" }),
  scope: () =>
    z.union([z.enum(['route', 'class', 'global']), groupSchema()], {
      error: () => `must be 'route', 'class', 'global' or { group: name }, where a name ${NAME_FORMS}`,
    }),
  passive: () => z.boolean('must be true or false'),
  cost: () => countOrFunctionSchema<NonNullable<Options['cost']>>(),
  cooldown: () => durationSchema(0),
  delay: () => durationSchema(1),
  trackBy: () => functionSchema<NonNullable<Options['trackBy']>>('a function'),
  after: () => z.literal('guards', { error: () => "must be 'guards'" }),
  when: () => functionSchema<NonNullable<Options['when']>>('a function'),
};

const isText = (value: unknown): value is string => typeof value === 'string';
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';
const isFunction = (value: unknown): boolean => typeof value === 'function';
const among =
  (...accepted: readonly unknown[]) =>
  (value: unknown): boolean =>
    accepted.includes(value);

/** The same for what is plainly right, as most rules are: no schema need be built for them. */
export const RULE_READS: SparseReads<typeof RULE_SHAPE> = {
  name: reading((value) => isText(value) && NAME.test(value)),
  threshold: reading(isCountOrFunction),
  maxFrequency: reading((value) => Number.isFinite(value) && (value as number) > 0),
  window: (value) => durationMs(value, 1),
  pacing: reading(isFlag),
  pattern: reading(isText),
  action: reading(among(...ACTIONS)),
  customAction: reading(isFunction),
  banDuration: (value) => (value === 'permanent' ? Infinity : durationMs(value, 1)),
  banScope: reading(among('all', 'route')),
  scope: reading(among('route', 'class', 'global')),
  passive: reading(isFlag),
  cost: reading(isCountOrFunction),
  cooldown: (value) => durationMs(value, 0),
  delay: (value) => durationMs(value, 1),
  trackBy: reading(isFunction),
  after: reading(among('guards')),
  when: reading(isFunction),
};

/** Takes as they are the values that a condition holds for. */
function reading<T>(condition: (value: unknown) => boolean): (value: unknown) => T | undefined {
  return (value) => (condition(value) ? (value as T) : undefined);
}
