import { createHash } from 'node:crypto';
import { readPlotLibrary } from '../../plots/plot-library.js';
import type { Answer } from '../../request/platform.js';
import { withCommonHeaders } from '../answers.js';
import { PAGE_BODY } from './body.js';
import { PAGE_SCRIPTS } from './scripts/index.js';
import { PAGE_STYLE } from './style.js';

/**
 * The page: the same for everybody, without any data. It needs nothing from elsewhere, and its policy allows nothing else.
 *
 * @throws Error if the plotting library is not installed.
 */
export function pageAnswer(): Answer {
  const plots = readPlotLibrary();
  const scripts = [plots.script, PAGE_SCRIPTS];
  const styles = [plots.style, PAGE_STYLE];
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.map(hashOf).join(' ')}`,
    `style-src ${styles.map(hashOf).join(' ')}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  const headers = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy };
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Behavior guard</title>
<link rel="icon" href="data:,">
${styles.map((style) => `<style>${style}</style>`).join('\n')}
</head>
${PAGE_BODY}
${scripts.map((script) => `<script>${script}</script>`).join('\n')}
</html>
`;
  return { status: 200, headers: withCommonHeaders(headers), body };
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
