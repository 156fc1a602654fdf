import type { Type } from '@nestjs/common';
import type { CustomAction, CustomActionDetails, CustomActionHandler } from '../rules/behavior-rule.js';
import type { Reporter } from './reporter.js';

/** Finds a provider of the application. @throws if there is none. */
export type ResolveProvider = <T>(type: Type<T>) => T;

/** Runs the application's own actions: beside the request, never in its way. */
export class CustomActions {
  constructor(
    private readonly resolve: ResolveProvider,
    private readonly reporter: Reporter,
  ) {}

  /** What is wrong with an action: a class that the application doesn't provide. Asked at start-up. */
  problemOf(action: CustomAction): string | undefined {
    if (!isHandlerClass(action)) return undefined;
    try {
      this.resolve(action);
      return undefined;
    } catch {
      return `${action.name} is not a provider of this application`;
    }
  }

  /** Starts the action and returns. What it throws or rejects with is logged and emitted as `action_failed`. */
  run(action: CustomAction, details: CustomActionDetails): void {
    const failed = (error: unknown): void => {
      this.reporter.failed(`custom action of ${details.endpoint}`, error, details.actor, details.endpoint);
    };
    try {
      const running = isHandlerClass(action) ? this.resolve(action).handle(details) : action(details);
      if (running instanceof Promise) running.catch(failed);
      this.reporter.debug(() => `custom action of ${details.endpoint} executed`);
    } catch (error) {
      failed(error);
    }
  }
}

/** A class whose instances handle violations, as opposed to a plain function. */
function isHandlerClass(action: CustomAction): action is Type<CustomActionHandler> {
  const prototype = action.prototype as Partial<CustomActionHandler> | undefined;
  return typeof prototype?.handle === 'function';
}
