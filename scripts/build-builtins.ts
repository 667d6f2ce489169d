import type { Plugin } from 'esbuild';

/**
 * Takes `node:http` by the function that gives a built-in module as it is. An `import` of it has Node.js read each of its exports, and
 * WebSocket among them loads all of Node's own undici, a tenth of the time until the first request, which nothing here asks for.
 * https://nodejs.org/api/process.html#processgetbuiltinmoduleid
 */
export function builtins(): Plugin {
  return {
    name: 'builtins',
    setup(build) {
      build.onResolve({ filter: /^(?:node:)?http$/ }, ({ kind }) =>
        kind === 'import-statement' ? { path: 'node:http', namespace: 'builtin' } : undefined,
      );
      build.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
        contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
        loader: 'js',
      }));
    },
  };
}
