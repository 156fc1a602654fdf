/** Preloaded by a process that is to find no ioredis, neither by `import` nor by `require`. */
const Module = require('node:module');

const missing = (code) => `Object.assign(new Error("Cannot find package 'ioredis'"), { code: '${code}' })`;
const hooks = `export async function resolve(name, context, next) {
  if (name === 'ioredis') throw ${missing('ERR_MODULE_NOT_FOUND')};
  return next(name, context);
}`;
Module.register(`data:text/javascript,${encodeURIComponent(hooks)}`);

const resolve = Module._resolveFilename;
Module._resolveFilename = function (name, ...rest) {
  if (name === 'ioredis')
    throw Object.assign(new Error("Cannot find module 'ioredis'"), { code: 'MODULE_NOT_FOUND' });
  return resolve.call(this, name, ...rest);
};
