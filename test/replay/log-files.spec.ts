import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { LONGEST_LINE_BYTES, LineSplitter } from '../../lib/replay/line-splitter.js';
import { readLog } from '../../lib/replay/log-files.js';

function split(chunks: readonly Buffer[]): [text: string, isCut: boolean][] {
  const lines: [string, boolean][] = [];
  const splitter = new LineSplitter((text, isCut) => lines.push([text, isCut]));
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return lines;
}

describe('splitting bytes into lines', () => {
  it('ends lines by LF or CRLF, and needs no end of the last', () => {
    expect(split([Buffer.from('a\r\nb\n\nc')])).toEqual([
      ['a', false],
      ['b', false],
      ['', false],
      ['c', false],
    ]);
  });

  it('gives the same lines whatever the chunks', () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replace(/[\r\n]/g, ''));
    fc.assert(
      fc.property(fc.array(line, { minLength: 1 }), fc.array(fc.nat(40)), (lines, cuts) => {
        const bytes = Buffer.from(`${lines.join('\n')}\n`);
        const chunks: Buffer[] = [];
        let from = 0;
        for (const cut of cuts) {
          chunks.push(bytes.subarray(from, from + cut));
          from += cut;
        }
        chunks.push(bytes.subarray(from));
        expect(split(chunks).map(([text]) => text)).toEqual(lines);
      }),
    );
  });

  it.each([
    [LONGEST_LINE_BYTES, false],
    [LONGEST_LINE_BYTES + 1, true],
  ])('cuts a line of %i bytes: %p', (length, isCut) => {
    const bytes = Buffer.from(`${'x'.repeat(length)}\ny\n`);
    for (const chunks of [[bytes], [bytes.subarray(0, 1000), bytes.subarray(1000)]]) {
      expect(split(chunks)).toEqual([
        ['x'.repeat(LONGEST_LINE_BYTES), isCut],
        ['y', false],
      ]);
    }
  });

  it('keeps no more of a line of 10 MB than the longest', () => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const lines = split([...Array.from({ length: 160 }, () => chunk), Buffer.from('\ny')]);
    expect(lines.map(([text, isCut]) => [text.length, isCut])).toEqual([
      [LONGEST_LINE_BYTES, true],
      [1, false],
    ]);
  });
});

describe('reading a log', () => {
  let folder: string;
  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'replay-'))));
  afterAll(() => rm(folder, { recursive: true }));

  async function read(
    file: string,
    stdin: Readable = Readable.from([]),
  ): Promise<[string[], string | undefined]> {
    const lines: string[] = [];
    const problem = await readLog(file, { stdin }, (text) => lines.push(text));
    return [lines, problem];
  }

  async function written(name: string, bytes: Buffer): Promise<string> {
    const file = join(folder, name);
    await writeFile(file, bytes);
    return file;
  }

  it('takes it as it is, or unpacks it, whatever its name', async () => {
    const text = Buffer.from('a\nb\n');
    expect(await read(await written('plain.gz', text))).toEqual([['a', 'b'], undefined]);
    expect(await read(await written('packed.log', gzipSync(text)))).toEqual([['a', 'b'], undefined]);
  });

  it('unpacks several members', async () => {
    const bytes = Buffer.concat([gzipSync('a\nb'), gzipSync('c\nd\n')]);
    expect(await read(await written('members.gz', bytes))).toEqual([['a', 'bc', 'd'], undefined]);
  });

  it.each([
    ['', []],
    ['x', ['x']],
  ])('takes a file that holds %j', async (text, lines) => {
    expect(await read(await written('short.log', Buffer.from(text)))).toEqual([lines, undefined]);
  });

  it('tells the lines before the place where a file is damaged', async () => {
    const lines = Array.from({ length: 50_000 }, (_, index) => `line ${index * 7919}`);
    const packed = gzipSync(lines.join('\n'));
    const [read1, problem] = await read(await written('cut.gz', packed.subarray(0, packed.length - 20)));
    expect(problem).toBe('unexpected end of file');
    expect(read1.length).toBeGreaterThan(1000);
    expect(read1.slice(0, 1000)).toEqual(lines.slice(0, 1000));
  });

  it('says what is wrong with a file that is not there', async () => {
    const [lines, problem] = await read(join(folder, 'missing.log'));
    expect(lines).toEqual([]);
    expect(problem).toMatch(/^ENOENT/);
  });

  it('reads the standard input, packed byte by byte', async () => {
    const bytes = [...gzipSync('a\nb\n')].map((byte) => Buffer.of(byte));
    expect(await read('-', Readable.from(bytes))).toEqual([['a', 'b'], undefined]);
    expect(await read('-', Readable.from(['a\n', 'b']))).toEqual([['a', 'b'], undefined]);
  });

  it('says how far it has come', async () => {
    const file = await written('progress.log', Buffer.from('a\nb\n'));
    const seen: unknown[] = [];
    await readLog(
      file,
      { stdin: Readable.from([]), onProgress: (progress) => seen.push(progress) },
      () => {},
    );
    expect(seen).toEqual([{ file, bytes: 4, totalBytes: 4 }]);
  });
});
