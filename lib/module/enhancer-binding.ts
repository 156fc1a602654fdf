import type { NestInterceptor } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';
import type { GuardedRoute } from '../rules/guarded-route.js';

const INTERCEPTORS = '__interceptors__';

/**
 * Puts one interceptor outermost on the routes that need it, and on no others: even an idle interceptor is a large part of
 * what a small request costs. Interceptors run global first, then class, then method; so it goes before whatever comes
 * first. Call it in `configure()`: routes copy what they find when they are registered, right after.
 */
export class InterceptorBinding {
  private readonly targets = new Set<object>();

  constructor(
    private readonly interceptor: NestInterceptor,
    private readonly config: ApplicationConfig,
  ) {}

  /** @returns every route that the interceptor is now bound to. */
  bind(needed: readonly GuardedRoute[], all: readonly GuardedRoute[]): readonly GuardedRoute[] {
    if (needed.length === 0) return [];
    if (this.config.getGlobalInterceptors().length + this.config.getGlobalRequestInterceptors().length > 0) {
      this.config.getGlobalInterceptors().unshift(this.interceptor);
      return all;
    }
    for (const { controller, handler } of needed) {
      const classHasOwn = (Reflect.getMetadata(INTERCEPTORS, controller) as unknown[] | undefined)?.length;
      this.prepend(classHasOwn ? controller : handler);
    }
    return all.filter(({ controller, handler }) => this.targets.has(controller) || this.targets.has(handler));
  }

  /** Takes the interceptor off the classes and methods, which outlive the application. */
  unbind(): void {
    for (const target of this.targets) {
      const left = this.interceptorsOf(target).filter((each) => each !== this.interceptor);
      if (left.length > 0) Reflect.defineMetadata(INTERCEPTORS, left, target);
      else Reflect.deleteMetadata(INTERCEPTORS, target);
    }
    this.targets.clear();
  }

  private prepend(target: object): void {
    if (this.targets.has(target)) return;
    this.targets.add(target);
    Reflect.defineMetadata(INTERCEPTORS, [this.interceptor, ...this.interceptorsOf(target)], target);
  }

  private interceptorsOf(target: object): readonly unknown[] {
    return (Reflect.getMetadata(INTERCEPTORS, target) as readonly unknown[] | undefined) ?? [];
  }
}
