/** A guard and an interceptor that do nothing: what all others are measured against. */
class NoopGuard {
  canActivate() {
    return true;
  }
}

class NoopInterceptor {
  intercept(_context, next) {
    return next.handle();
  }
}

export function application() {
  return { main: (app) => app.useGlobalGuards(new NoopGuard()).useGlobalInterceptors(new NoopInterceptor()) };
}
