import { z } from 'zod';
import { functionSchema } from '../rules/value-schemas.js';
import type { DashboardOptions, DashboardSettings } from './dashboard-options.js';

const PATH = /^(?:\/[\w.~-]+)+$/;
const STREAMS = 'must be an integer from 1 to 1000';

/** What the option `dashboard` must be. */
export const dashboardSchema = () =>
  z
    .strictObject(
      {
        path: z
          .string("must be a path such as '/behavior-guard'")
          .regex(PATH, "must be a path such as '/behavior-guard'")
          .optional(),
        authorize: functionSchema<NonNullable<DashboardOptions['authorize']>>('a function').optional(),
        whenRefused: z
          .union([z.literal(403), z.literal(404)], { error: () => 'must be 403 or 404' })
          .optional(),
        maxStreams: z.number(STREAMS).int(STREAMS).min(1, STREAMS).max(1000, STREAMS).optional(),
      },
      'must be an object',
    )
    .superRefine(({ authorize }, context) => {
      if (authorize || process.env.NODE_ENV !== 'production') return;
      const message = 'is needed where NODE_ENV is production: it says who may see and change everything';
      context.addIssue({ code: 'custom', path: ['authorize'], message });
    })
    .transform((given): DashboardSettings => ({
      path: given.path ?? '/behavior-guard',
      authorize: given.authorize,
      whenRefused: given.whenRefused ?? 403,
      maxStreams: given.maxStreams ?? 20,
    }));
