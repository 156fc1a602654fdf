import fc from 'fast-check';
import { parse, stringify } from 'smol-toml';
import { KeyLocator, showPath, type KeyPath } from '../../lib/config/key-locator.js';

function lines(text: string, paths: readonly KeyPath[]): [string, number][] {
  parse(text);
  const locator = new KeyLocator(text);
  return paths.map((path) => [showPath(path), locator.lineOf(path)]);
}

describe('the key locator', () => {
  it('finds keys of tables, nested tables and the document', () => {
    const text = [
      '# comment',
      'top = 1',
      '',
      '[guard]',
      'a = 1',
      'b = 2 # b',
      '  [ guard . "actors" ]',
      'c = 3',
    ];
    const paths = [
      ['top'],
      ['guard'],
      ['guard', 'a'],
      ['guard', 'b'],
      ['guard', 'actors'],
      ['guard', 'actors', 'c'],
    ];
    expect(lines(text.join('\n'), paths)).toEqual([
      ['top', 2],
      ['guard', 4],
      ['guard.a', 5],
      ['guard.b', 6],
      ['guard.actors', 7],
      ['guard.actors.c', 8],
    ]);
  });

  it('numbers the elements of arrays of tables, and tables inside of them', () => {
    const text = `[[rules]]
x = 1
[rules.scope]
group = "a"
[[rules]]
[[rules.inner]]
y = 1
[[rules.inner]]
y = 2
[rules.scope]
group = "b"`;
    const paths = [
      ['rules'],
      ['rules', 0],
      ['rules', 0, 'x'],
      ['rules', 0, 'scope', 'group'],
      ['rules', 1],
      ['rules', 1, 'inner', 0, 'y'],
      ['rules', 1, 'inner', 1],
      ['rules', 1, 'inner', 1, 'y'],
      ['rules', 1, 'scope', 'group'],
    ];
    expect(lines(text, paths).map(([, line]) => line)).toEqual([1, 1, 2, 4, 5, 7, 8, 9, 11]);
  });

  it('reads dotted and quoted keys, escapes included', () => {
    const text = `a.b.c = 1
"a.b" = 2
'lit\\eral'.x = 3
"q\\"uote\\u0041" = 4
[guard.actors."ip:10.*"]
"]odd[" = 5
'#no' = 6`;
    const actor = ['guard', 'actors', 'ip:10.*'];
    const paths = [
      ['a', 'b', 'c'],
      ['a.b'],
      ['lit\\eral', 'x'],
      ['q"uoteA'],
      [...actor, ']odd['],
      [...actor, '#no'],
    ];
    expect(lines(text, paths)).toEqual([
      ['a.b.c', 1],
      ['"a.b"', 2],
      ['"lit\\\\eral".x', 3],
      ['"q\\"uoteA"', 4],
      ['guard.actors."ip:10.*"."]odd["', 6],
      ['guard.actors."ip:10.*"."#no"', 7],
    ]);
  });

  it('is not confused by what strings hold', () => {
    const text = `a = """
[fake]
b = 1 \\"""
"c = 2""""
d = '''
[[fake]]
# ''
e = 3'''''
f = "x # \\" [" # "
g = 'y \\' # '
h = 1979-05-27 07:32:00
[t]
i = 1`;
    const paths = [['a'], ['d'], ['f'], ['g'], ['h'], ['t', 'i'], ['fake']];
    expect(lines(text, paths).map(([, line]) => line)).toEqual([1, 5, 9, 10, 11, 13, 1]);
  });

  it('finds keys in inline tables and arrays, or else what contains them', () => {
    const text = `a = { b = { c = 1 }, d.e = 2 }
list = [ # first
  { x = 1, y = "]" },

  { x = 2 }, [
    1,
    2 ],
]
end = 1`;
    const paths = [
      ['a', 'b', 'c'],
      ['a', 'd', 'e'],
      ['list', 0, 'y'],
      ['list', 1, 'x'],
      ['list', 1, 'missing'],
      ['list', 2, 1],
      ['list', 9],
      ['end'],
      ['nowhere'],
    ];
    expect(lines(text, paths).map(([, line]) => line)).toEqual([1, 1, 3, 5, 5, 7, 2, 9, 1]);
  });

  it('counts lines that end with CR LF, behind a byte order mark', () => {
    const paths = [['a'], ['t'], ['t', 'b']];
    expect(lines('\uFEFFa = 1\r\n\r\n[t]\r\nb = 2\r\n', paths).map(([, line]) => line)).toEqual([1, 3, 4]);
  });

  it('finds every key of any document', () => {
    const key = fc.oneof(
      fc.string({ minLength: 1, maxLength: 6 }),
      fc.constantFrom('__proto__', 'a.b', '"', "'"),
    );
    const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: 'small' }, fc.string(), fc.integer(), fc.array(fc.string()), tie('table')),
      table: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    })).table;
    fc.assert(
      fc.property(value, (document) => {
        const text = stringify(document);
        const locator = new KeyLocator(text);
        const written = text.split('\n');
        const visit = (table: object, path: KeyPath): void => {
          for (const [name, inner] of Object.entries(table)) {
            const here = [...path, name];
            const isTable = typeof inner === 'object' && !Array.isArray(inner);
            // A table without values of its own has no line; one with them has it above theirs.
            if (!isTable) expect(written[locator.lineOf(here) - 1]).toContain('=');
            if (!isTable) expect(locator.lineOf(here)).toBeGreaterThanOrEqual(locator.lineOf(path));
            else visit(inner as object, here);
          }
        };
        visit(parse(text), []);
      }),
      { numRuns: 300, seed: 20260101 },
    );
  });

  it('is done soon with a long document', () => {
    const text = Array.from({ length: 20_000 }, (_, index) => `[guard.actors."actor ${index}"]\na = 1`).join(
      '\n',
    );
    const start = performance.now();
    expect(new KeyLocator(text).lineOf(['guard', 'actors', 'actor 19999', 'a'])).toBe(40_000);
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});
