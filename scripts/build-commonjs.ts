import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

const DYNAMIC = /\bimport\((['"])([^'"]+)\1\)/g;

/**
 * Lets CommonJS libraries that load others on demand find their names. Split into a chunk of its own, a CommonJS module has only a
 * default export, and `const { HttpsProxyAgent } = await import('https-proxy-agent')` would get undefined. Required instead, it is
 * bundled beside the library that asks for it, which is loaded on demand itself. https://esbuild.github.io/content-types/#default-interop
 */
export function commonjs(): Plugin {
  return {
    name: 'commonjs',
    setup(build) {
      build.onLoad({ filter: /[\\/]node_modules[\\/].*\.c?js$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        const isCommonJs = /\bexports\b/.test(text) && !/^(?:import|export)\s/m.test(text);
        if (!isCommonJs || text.search(DYNAMIC) < 0) return undefined;
        return {
          contents: text.replaceAll(
            DYNAMIC,
            (_whole, _quote, name: string) => `Promise.resolve(require(${JSON.stringify(name)}))`,
          ),
          loader: 'js',
        };
      });
    },
  };
}
