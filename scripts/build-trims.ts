import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Plugin } from 'esbuild';
import { trimProtos } from './trim-protos.ts';

/** Static classes of every message of an API. The clients work by protos.json; they export these for TypeScript's sake alone. */
const STATIC_PROTOS = /@google-cloud[\\/](?:run|secret-manager)[\\/]build[\\/]protos[\\/]protos\.js$/;
/** The same classes of what gax itself asks beside its clients' own services, three quarters of a library that is loaded at each start. */
const GAX_STATIC_PROTOS = /google-gax[\\/]build[\\/]protos[\\/](?:iam_service|locations|operations)\.js$/;
/** The only two that gax makes objects of, as requests that carry a name; they are sent by protos.json as well. */
const GAX_REQUESTS = `
class CancelOperationRequest {}
class GetOperationRequest {}
module.exports = { google: { longrunning: { CancelOperationRequest, GetOperationRequest } } };
`;
/** Cloud Run's clients of eight services, of which one is asked. */
const RUN_CLIENTS = /@google-cloud[\\/]run[\\/]build[\\/]src[\\/]index\.js$/;
/** Secret Manager's client of the stable API and of a beta that nobody here asks. */
const SECRET_CLIENTS = /@google-cloud[\\/]secret-manager[\\/]build[\\/]src[\\/]index\.js$/;
/** The descriptions that those clients work by, and gax itself: what the program asks of each. */
const PROTOS =
  /[\\/](?:@google-cloud[\\/](?:run|secret-manager)|google-gax)[\\/]build[\\/]protos[\\/](?:protos|iam_service|locations|operations)\.json$/;
const ASKED: Record<string, string[]> = {
  // Its long-running operations are asked for by the same descriptions.
  run: ['google.cloud.run.v2.Services', 'google.longrunning.Operations'],
  'secret-manager': ['google.cloud.secretmanager.v1.SecretManagerService'],
};
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
      build.onLoad({ filter: GAX_STATIC_PROTOS }, () => ({ contents: GAX_REQUESTS, loader: 'js' }));
      build.onLoad({ filter: PROTOS }, async ({ path: file }) => {
        const [, library = ''] = /([^\\/]+)[\\/]build[\\/]protos[\\/][^\\/]+$/.exec(file) ?? [];
        const trimmed = trimProtos(JSON.parse(await readFile(file, 'utf8')), ASKED[library]);
        return { contents: JSON.stringify(trimmed), loader: 'json' };
      });
      build.onLoad({ filter: RUN_CLIENTS }, () => ({
        contents: "module.exports = require('./v2/services_client');",
        loader: 'js',
      }));
      build.onLoad({ filter: SECRET_CLIENTS }, () => ({ contents: "module.exports = require('./v1');", loader: 'js' }));
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
