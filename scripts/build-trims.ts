import path from 'node:path';
import type { Plugin } from 'esbuild';

/** Static classes of every message of an API. The clients work by protos.json; they export these for TypeScript's sake alone. */
const STATIC_PROTOS = /@google-cloud[\\/](?:run|secret-manager)[\\/]build[\\/]protos[\\/]protos\.js$/;
/** Error messages in fifty languages. The program speaks one. */
const ZOD_LOCALES = /zod[\\/]v4[\\/]locales[\\/]index\.js$/;

/**
 * google-gax without gRPC, which the program never speaks: its clients are made with `fallback: true`, that is REST. The two
 * last names are what the generated clients take from google-gax at their top beside that
 * (https://github.com/googleapis/gax-nodejs/blob/main/client-libraries.md#http11-rest-api-mode).
 */
const GAX_OVER_REST = `
const fallback = require('./build/src/fallback.js');
const { decodeAnyProtosInArray } = require('./build/src/util.js');
const loggingUtils = require('google-logging-utils');
module.exports = { ...fallback, fallback, decodeAnyProtosInArray, loggingUtils };
`;

/** Leaves out of the bundle what no run of the program can reach, where esbuild cannot know it. Two thirds of its size. */
export function trims(root: string): Plugin {
  return {
    name: 'trims',
    setup(build) {
      build.onLoad({ filter: STATIC_PROTOS }, () => ({ contents: 'module.exports = {};', loader: 'js' }));
      build.onLoad({ filter: ZOD_LOCALES }, () => ({ contents: "export { default as en } from './en.js';", loader: 'js' }));
      build.onResolve({ filter: /^google-gax$/ }, () => ({ path: 'google-gax', namespace: 'over-rest' }));
      build.onLoad({ filter: /.*/, namespace: 'over-rest' }, () => ({
        contents: GAX_OVER_REST,
        loader: 'js',
        resolveDir: path.join(root, 'node_modules/google-gax'),
      }));
    },
  };
}
