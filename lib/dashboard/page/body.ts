export const PAGE_BODY = '<body></body>';
