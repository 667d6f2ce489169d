import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findSkaffold, runSkaffold } from '../../src/project/skaffold.ts';
import type { SkaffoldEvent } from '../../src/project/skaffold-events.ts';
import { temporaryFolder } from '../support/program.ts';
import { fakePath } from './fake-path.ts';

const { signal } = new AbortController();
const FLAG = 'for word in "$@"; do case "$word" in --event-log-file=*) file=$(echo "$word" | cut -d= -f2).v2;; esac; done';

/** As skaffold writes them: its names for JSON in the file, Protobuf's own in the stream. */
const failed = (kind: string, errCode: string, message: string, more: object = {}) =>
  JSON.stringify({
    timestamp: '2026-11-22T21:47:09Z',
    [kind]: { id: '0', status: 'Failed', actionableErr: { errCode, message }, ...more },
  });
const text = (taskId: string, message: string) =>
  JSON.stringify({ skaffoldLogEvent: { taskId, subtaskId: '-1', level: 'STANDARD', message } });

/** Runs a program in skaffold's place and returns what it was told and how it ended. */
async function run(script: string, env: Record<string, string> = {}) {
  const folder = temporaryFolder();
  const events: SkaffoldEvent[] = [];
  const PATH = `${await fakePath({ skaffold: script })}:/usr/bin:/bin`;
  const end = runSkaffold({ folder, env: { ...env, PATH }, signal, onEvent: (event) => events.push(event) });
  return {
    folder,
    events,
    error: await end.then(
      () => undefined,
      (error: unknown) => error,
    ),
  };
}
const leaving = (...lines: string[]) =>
  `${FLAG}\ncat > "$file" <<'END'\n${lines.join('\n')}\nEND\necho "the last word" >&2\nexit 1`;

test.each([
  ['v2.24.0', { state: 'usable', version: 'v2.24.0' }],
  ['v2.15.1-3-gabc', { state: 'usable', version: 'v2.15.1-3-gabc' }],
  ['v2.14.2', { state: 'too old', version: 'v2.14.2' }],
  ['v1.39.18', { state: 'too old', version: 'v1.39.18' }],
  ['v3.0.0', { state: 'usable', version: 'v3.0.0' }],
  ['', { state: 'unnamed' }],
])('a skaffold that says %j', async (version, look) => {
  expect(await findSkaffold({ PATH: await fakePath({ skaffold: `echo ${version}` }) }, signal)).toEqual(look);
});

test('none, or one that cannot be run, is missing', async () => {
  expect(await findSkaffold({ PATH: await fakePath({}) }, signal)).toEqual({ state: 'missing' });
  expect(await findSkaffold({ PATH: await fakePath({ skaffold: 'exit 1' }) }, signal)).toEqual({ state: 'missing' });
});

test('is asked for the profile of production, without Kubernetes, questions and settings of the user’s own', async () => {
  const { folder, error } = await run('printenv > env; echo "$@" > args', {
    SKAFFOLD_DEFAULT_REPO: 'example.com/x',
    KEPT: 'yes',
  });
  expect(error).toBeUndefined();
  const seen = await readFile(path.join(folder, 'env'), 'utf8');
  expect(seen).toContain('KUBECONFIG=/dev/null');
  expect(seen).toContain('KEPT=yes');
  expect(seen).not.toContain('SKAFFOLD_');
  const args = await readFile(path.join(folder, 'args'), 'utf8');
  for (const word of [
    'run',
    '--profile=production',
    '--interactive=false',
    '--label=skaffold.dev/run-id=mlflow-gcp',
    '--config=',
  ])
    expect(args).toContain(word);
});

test('what it tells while it works is handed on', async () => {
  const lines = [
    { taskEvent: { id: 'Build-0', task: 'Build', status: 'InProgress', actionableErr: null } },
    { buildSubtaskEvent: { id: 'x', task_id: 'Build-0', step: 'Build', status: 'InProgress', actionableErr: null } },
    { skaffoldLogEvent: { task_id: 'Build-0', subtask_id: 'x', level: 'STANDARD', message: 'Step #0\n' } },
    { metaEvent: { entry: 'Starting Skaffold' } },
    { taskEvent: { id: 'Build-0', task: 'Build', status: 'Succeeded', actionableErr: null } },
  ].map((result) => JSON.stringify({ result }));
  const server = `
    const port = Number(process.argv.find((word) => word.startsWith('--rpc-http-port=')).split('=')[1]);
    const lines = ${JSON.stringify(lines)};
    require('node:http').createServer((request, response) => {
      if (request.url !== '/v2/events') return response.writeHead(404).end();
      // Cut in the middle of a line.
      const whole = lines.join('\\n') + '\\n';
      response.write(whole.slice(0, 100));
      setTimeout(() => { response.write(whole.slice(100)); setTimeout(() => process.exit(0), 100); }, 50);
    }).listen(port, '127.0.0.1');`;
  const { events, error } = await run(`exec '${process.execPath}' -e "$(cat <<'END'\n${server}\nEND\n)" -- "$@"`);
  expect(error).toBeUndefined();
  expect(events).toEqual([
    { task: { name: 'Build', status: 'InProgress' } },
    { build: { step: 'Build', status: 'InProgress' } },
    { text: 'Step #0\n', taskId: 'Build-0' },
    { task: { name: 'Build', status: 'Succeeded' } },
  ]);
});

test.each<[string, string[], string, RegExp]>([
  [
    'a build that failed, with the end of its log',
    [
      text('Build-0', 'Step #0: pip cannot find it\n'),
      text('Deploy-0', 'no line of the build\n'),
      failed('buildSubtaskEvent', 'BUILD_GCB_BUILD_FAILED', 'cloud build failed: FAILURE', { step: 'Build' }),
    ],
    'BUILD_FAILED',
    /BUILD_GCB_BUILD_FAILED.*cloud build failed: FAILURE\nStep #0: pip cannot find it$/s,
  ],
  [
    'what Google refused',
    [failed('deploySubtaskEvent', 'DEPLOY_CLOUD_RUN_UPDATE_SERVICE_ERR', 'googleapi: Error 403')],
    'SKAFFOLD_REFUSED',
    /DEPLOY_CLOUD_RUN_UPDATE_SERVICE_ERR.*Error 403/,
  ],
  ['a manifest', [failed('renderEvent', 'RENDER_REPLACE_IMAGE_ERR', 'no image')], 'MANIFEST_INVALID', /service\.yaml.*no image/],
  [
    'a revision that is not ready, rather than the deployment that failed by it',
    [
      failed('deploySubtaskEvent', 'DEPLOY_UNKNOWN', '0/1 failed to complete'),
      failed('statusCheckSubtaskEvent', 'STATUSCHECK_UNHEALTHY', 'Service failed to start'),
    ],
    'RUN_NOT_READY',
    /STATUSCHECK_UNHEALTHY.*Service failed to start/,
  ],
  [
    'what has no name of ours',
    [failed('taskEvent', 'INIT_CACHE_ERROR', 'cache', { task: 'Build' })],
    'SKAFFOLD_FAILED',
    /INIT_CACHE_ERROR.*cache/s,
  ],
  ['half a line', ['{"taskEvent":{"status":"Fai'], 'SKAFFOLD_FAILED', /status 1:\nthe last word/],
])('%s is told by its code', async (_what, lines, code, message) => {
  expect((await run(leaving(...lines))).error).toMatchObject({ code, message: expect.stringMatching(message), exitStatus: 1 });
});

test('without any event its last words are told', async () => {
  expect((await run('echo "unable to parse config" >&2; exit 1')).error).toMatchObject({
    code: 'SKAFFOLD_FAILED',
    message: 'skaffold ended with status 1:\nunable to parse config',
  });
});
