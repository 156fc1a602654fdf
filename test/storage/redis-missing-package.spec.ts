import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const PRELOAD = join('test', 'storage', 'without-ioredis.cjs');
const MESSAGE =
  "The behavior guard's configuration has 1 problem:\n  RedisStorage: needs the package ioredis: npm install ioredis";

/** Runs a program that can't find ioredis. `npm test` has built the library. */
function run(...args: string[]): { code: number | null; out: string } {
  const env = { ...process.env, NODE_OPTIONS: '' };
  const child = spawnSync(process.execPath, ['--require', `./${PRELOAD}`, ...args], {
    encoding: 'utf8',
    env,
  });
  return { code: child.status, out: child.stdout + child.stderr };
}

/** Starts an application with a Redis storage, and tells what became of it. */
const START = `
  class AppModule {}
  Module({ imports: [GuardModule.forRoot({ storage: new RedisStorage({ url: 'redis://127.0.0.1:1' }) })] })(AppModule);
  const start = async () => {
    const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
    await app.listen(0, '127.0.0.1');
    await app.close();
    return 'it serves';
  };
  start().then(console.log, (error) => console.log(error.code + ' ' + error.constructor.name + ': ' + error.message));
`;
const IMPORTS = `
  import 'reflect-metadata';
  import { Module } from '@nestjs/common';
  import { NestFactory } from '@nestjs/core';
  import { GuardModule, RedisStorage } from './dist/esm/index.js';
`;
const REQUIRES = `
  require('reflect-metadata');
  const { Module } = require('@nestjs/common');
  const { NestFactory } = require('@nestjs/core');
  const { GuardModule, RedisStorage } = require('./dist/cjs/index.js');
`;

describe('without ioredis', () => {
  it.each([
    ['as ES modules', ['--input-type=module', '--eval', IMPORTS + START]],
    ['as CommonJS', ['--input-type=commonjs', '--eval', REQUIRES + START]],
  ])(
    'an application with a RedisStorage does not start, and says what to install, %s',
    (_, args) => {
      const { code, out } = run(...args);
      expect(out.trim()).toBe(`CONFIGURATION_INVALID ConfigurationError: ${MESSAGE}`);
      expect(code).toBe(0);
    },
    20_000,
  );

  it('an application with a memory of its own starts', () => {
    const program = (IMPORTS + START).replace(/\{ storage: .*?\}\) \}/, '{}');
    expect(program).not.toBe(IMPORTS + START);
    expect(run('--input-type=module', '--eval', program).out.trim()).toBe('it serves');
  }, 20_000);

  it('the command for bans says the same', () => {
    const main = join('dist', 'esm', 'cli', 'main.js');
    const { code, out } = run(main, 'bans', 'list', '--redis', 'redis://127.0.0.1:1');
    expect(out.trim()).toContain('RedisStorage: needs the package ioredis: npm install ioredis');
    expect(code).not.toBe(0);
  }, 20_000);
});
