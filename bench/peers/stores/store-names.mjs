/** The storages in memory that are compared, as tables name them. Apart from them, for this is read where they are not installed yet. */
export const STORE_NAMES = {
  ours: '**ours**',
  throttler: 'throttler',
  flexible: 'rate-limiter-flexible',
};
