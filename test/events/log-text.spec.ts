import fc from 'fast-check';
import { logText } from '../../lib/events/log-text.js';

describe('text from a client in a log line', () => {
  it.each([
    ['plain', 'plain'],
    ['a\nb', 'a\\u000ab'],
    ['\u001b[31mred', '\\u001b[31mred'],
    ['a\u202eb', 'a\\u202eb'],
    ['\u2028\u2029\u0085', '\\u2028\\u2029\\u0085'],
    ['ümlaut 😀', 'ümlaut 😀'],
  ])('%j is shown as %j', (text, shown) => expect(logText(text)).toBe(shown));

  it('is cut at its longest', () => {
    expect(logText('x'.repeat(256))).toBe('x'.repeat(256));
    expect(logText('x'.repeat(257))).toBe(`${'x'.repeat(256)}…`);
    expect(logText('abc', 2)).toBe('ab…');
  });

  it('never holds a control character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        // eslint-disable-next-line no-control-regex
        expect(logText(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
      }),
    );
  });
});
