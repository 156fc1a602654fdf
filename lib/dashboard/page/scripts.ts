export const PAGE_SCRIPTS = '';
