import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serviceLogFolder } from '../../../src/local/runtime/run/revision-log.ts';
import { RevisionFailed, type TaskAttempt } from '../../../src/local/runtime-port.ts';
import { type RunPlace, runPlace, sourceOf } from './run-setup.ts';

const JOB = 'projects/p/locations/europe-west3/jobs/backup';
let place: RunPlace;
let digest: string;
beforeAll(async () => {
  place = await runPlace();
  digest = await place.build(await sourceOf({ Dockerfile: 'FROM x', 'entry-point.sh': 'echo entry "$@"\n' }));
});
afterAll(() => place.remove());

interface Attempt {
  task: TaskAttempt;
  lines: string[];
  cancel: AbortController;
}
function attempt(script: string | undefined, changes: Partial<TaskAttempt> = {}): Attempt {
  const lines: string[] = [];
  const cancel = new AbortController();
  const task: TaskAttempt = {
    job: JOB,
    execution: 'backup-abcde',
    index: 1,
    count: 2,
    attempt: 0,
    image: `europe-west3-docker.pkg.dev/p/r/n@${digest}`,
    command: script === undefined ? [] : ['bash', '-c', script],
    args: [],
    env: { GIVEN: '/cloudsql/p:r:i', PATH: '/wrong' },
    cloudSqlInstances: ['p:r:i'],
    serviceAccount: 'runner@p.iam.gserviceaccount.com',
    timeoutSeconds: 60,
    log: (line, stream) => void lines.push(`${stream}: ${line}`),
    signal: cancel.signal,
    ...changes,
  };
  return { task, lines, cancel };
}
const untilSaid = (lines: string[], line: string) => expect.poll(() => lines, { timeout: 10_000 }).toContain(line);

describe('a task of a job', () => {
  it('runs with what Cloud Run tells it, and ends with its exit status', async () => {
    const said = 'echo $CLOUD_RUN_JOB $CLOUD_RUN_EXECUTION $CLOUD_RUN_TASK_INDEX $CLOUD_RUN_TASK_COUNT $CLOUD_RUN_TASK_ATTEMPT';
    const { task, lines } = attempt(`${said}; echo "$GIVEN <$PORT>" >&2; exit 3`, { attempt: 2 });
    expect(await place.jobs.runTask(task)).toEqual({ exitCode: 3 });
    expect(lines.toSorted()).toEqual(['stderr: /short/socket <>', 'stdout: backup backup-abcde 1 2 2']);
    const file = join(serviceLogFolder(join(place.folder, 'logs'), JOB), 'backup-abcde-task1.log');
    expect(readFileSync(file, 'utf8')).toMatch(/ backup backup-abcde 1 2 2\n.* The container ended \(exit status 3\)\.\n$/s);
  });

  it('runs the entry point of its image with its arguments, and takes its account from its own metadata server', async () => {
    const entry = attempt(undefined, { args: ['one', 'two'] });
    expect(await place.jobs.runTask(entry.task)).toEqual({ exitCode: 0 });
    expect(entry.lines).toEqual(['stdout: entry one two']);
    const fetched = attempt(
      `exec ${process.execPath} -e 'fetch("http://" + process.env.GCE_METADATA_HOST).then(async (r) => console.log(await r.text()))'`,
    );
    await place.jobs.runTask(fetched.task);
    expect(fetched.lines).toEqual(['stdout: runner@p.iam.gserviceaccount.com']);
  });

  it('is ended when its time is over, and what it left behind ends with it', async () => {
    const slow = attempt('trap "echo told; exit 0" TERM; sleep 100 & wait', { timeoutSeconds: 1 });
    expect(await place.jobs.runTask(slow.task)).toBe('timeout');
    expect(slow.lines).toEqual(['stdout: told']);
    const leaving = attempt('sleep 100 & echo $!');
    expect(await place.jobs.runTask(leaving.task)).toEqual({ exitCode: 0 });
    const pid = Number(leaving.lines[0]?.replace('stdout: ', ''));
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
    expect(await place.jobs.runTask(attempt('kill -KILL $$').task)).toEqual({ termSignal: 9 });
  });

  it('rejects when it is cancelled, and leaves no folder behind', async () => {
    const { task, lines, cancel } = attempt('echo begun; sleep 100');
    const work = place.jobs.runTask(task);
    await untilSaid(lines, 'stdout: begun');
    expect(place.jobs.images()).toEqual(new Set([digest]));
    cancel.abort(new Error('cancelled'));
    await expect(work).rejects.toThrow('cancelled');
    expect(place.jobs.images()).toEqual(new Set());
    expect(await readdir(join(place.folder, 'revisions'))).toEqual([]);
  });

  it('cannot be started without its image, nor without a command', async () => {
    const missing = attempt('true', { image: `h/p/r/n@sha256:${'0'.repeat(64)}` });
    await expect(place.jobs.runTask(missing.task)).rejects.toThrow(RevisionFailed);
    const empty = await place.build(await sourceOf({ Dockerfile: 'FROM x' }));
    const without = attempt(undefined, { image: `h/p/r/n@${empty}` });
    await expect(place.jobs.runTask(without.task)).rejects.toThrow(/names no command/);
    expect(await place.jobs.runTask(attempt(undefined, { command: ['/not/there'] }).task)).toEqual({ exitCode: 127 });
  });

  it('ends with the local target', async () => {
    const { task, lines } = attempt('echo begun; sleep 100');
    const work = place.jobs.runTask(task);
    work.catch(() => undefined);
    await untilSaid(lines, 'stdout: begun');
    await place.jobs.stopAll();
    await expect(work).rejects.toThrow('The local target ends.');
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
