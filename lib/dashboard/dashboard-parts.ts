// What an application with a dashboard is made of, in one place, so that others need not load it.

export { DashboardMetrics, ReadableRuleBook } from './counting.js';
export { Dashboard } from './dashboard.js';
export { LiveStatistics } from './statistics/live-statistics.js';
