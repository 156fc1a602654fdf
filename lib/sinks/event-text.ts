import type { BehaviorEvent } from '../events/behavior-event.js';
import { logText } from '../events/log-text.js';

/** What JSON leaves as it is, but a terminal or an editor takes for a line break or an order to turn the text around. */
const RAW_IN_JSON = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;
const LONGEST_NAME = 256;
const LONGEST_REASON = 512;

/** JSON on one line, without control characters and bidirectional overrides; it parses to the very same value. */
export function jsonLine(value: object): string {
  return JSON.stringify(value).replace(RAW_IN_JSON, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** One line for people in the syntax of Slack: nothing in it is a link, a mention or a line break. */
export function slackLine(event: BehaviorEvent): string {
  const { type, actor, endpoint, action, passive, reason } = event;
  const who = actor === '' ? '' : ` ${logText(actor, LONGEST_NAME)} at ${logText(endpoint, LONGEST_NAME)}`;
  const what = action === 'none' ? '' : ` (${action})`;
  return escaped(`${passive ? '[passive] ' : ''}[${type}]${who}: ${logText(reason, LONGEST_REASON)}${what}`);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
