import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { BotAssessment } from '../bots/assessment.js';
import { botVisitOf } from '../request/request-state.js';

/**
 * Hands a handler what the bot signals said of the request, a `BotAssessment`; `undefined` where they were not asked.
 *
 * @example
 * ```ts
 * search(@BotScore() bot: BotAssessment | undefined) {}
 * ```
 */
export const BotScore = createParamDecorator(
  (_: unknown, context: ExecutionContext): BotAssessment | undefined => {
    if (context.getType() !== 'http') return undefined;
    const request = context.switchToHttp().getRequest<IncomingMessage & { raw?: IncomingMessage }>();
    return botVisitOf(request.raw ?? request)?.assessment;
  },
);
