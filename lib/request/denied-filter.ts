import { Catch } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { BehaviorDeniedException } from './denial.js';
import type { Platform } from './platform.js';

/** Sends refusals as they are. First among the global filters, it is asked last: a matching one of the application wins. */
@Catch(BehaviorDeniedException)
export class DeniedFilter implements ExceptionFilter<BehaviorDeniedException> {
  constructor(private readonly platform: Platform) {}

  catch(exception: BehaviorDeniedException, host: ArgumentsHost): void {
    this.platform.send(host.switchToHttp().getResponse(), exception.answer);
  }
}
