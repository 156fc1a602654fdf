import { Controller, Get } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import { runInThisContext } from 'node:vm';
import type { BotSignal } from 'nestjs-behavior-guard';
import ts from 'typescript';
import { PLATFORMS, TestApp } from '../http/support.js';

@Controller()
class PageController {
  @Get('page')
  page() {
    return {};
  }
}

/** The class that the docs show, as it stands there. */
function readSignal(): new () => BotSignal {
  const [, source] = /```ts\n([^`]*class MissingFrontEndHeader[^`]*)```/.exec(
    readFileSync('docs/bots.md', 'utf8'),
  ) as RegExpExecArray;
  const alone = source.replace(/import [^;]*;/, '').replace(/^GuardModule\.forRoot.*$/m, '');
  const { outputText } = ts.transpileModule(alone, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, useDefineForClassFields: false },
  });
  return runInThisContext(
    `${outputText.replace('export {};', '')}; MissingFrontEndHeader;`,
  ) as new () => BotSignal;
}

const Documented = readSignal();

describe.each(PLATFORMS)('the signal that the docs show, on %s', (platform) => {
  it('speaks against the fifth request without the header', async () => {
    const app = await TestApp.start(platform, {
      controllers: [PageController],
      guard: { bots: { signals: [Documented], thresholds: { challenge: 10, block: 100 } } },
    });
    const ask = async (headers: Record<string, string>, from: string) => {
      app.clock.advance(20_000 + (app.clock.now() % 7_919));
      return (
        await app.request('GET', '/page', {
          from,
          headers: { 'user-agent': 'Shop/1.0 (front end)', ...headers },
        })
      ).status;
    };
    const without: number[] = [];
    const withHeader: number[] = [];
    for (let i = 0; i < 6; i++) {
      without.push(await ask({}, '203.0.113.1'));
      withHeader.push(await ask({ 'x-front-end': '1' }, '203.0.113.2'));
    }
    expect([without, withHeader]).toEqual([
      [200, 200, 200, 200, 429, 429],
      [200, 200, 200, 200, 200, 200],
    ]);
  });
});
