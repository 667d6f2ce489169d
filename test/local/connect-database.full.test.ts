import { execFile, execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { builtProgram, cleanEnvironment, type Outcome, runChild } from '../support/program.ts';

// The lines that `connect --database` prints, given to a real shell and the psql of this machine, against the real PostgreSQL behind --local.

const run = promisify(execFile);
const missing = ((): string | undefined => {
  try {
    execFileSync('psql', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'psql is not on PATH';
  }
})();
const title = (text: string): string => `${text}${missing ? ` (skipped: ${missing})` : ''}`;

let place: string;
let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  place = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-connect-'));
  folder = path.join(place, 'project');
  await mkdir(folder);
  const programs = path.join(place, 'bin');
  await mkdir(programs);
  await writeFile(path.join(programs, 'mlflow-gcp'), `#!/bin/sh\nexec '${process.execPath}' '${builtProgram}' "$@"\n`);
  await chmod(path.join(programs, 'mlflow-gcp'), 0o755);
  env = { MLFLOW_GCP_HOME: path.join(place, 'home'), CI: 'true', PATH: `${programs}:${process.env['PATH']}` };
});
afterAll(async () => {
  await run(process.execPath, [builtProgram, 'local', 'reset', '--yes'], { env: cleanEnvironment(env) });
  await rm(place, { recursive: true, force: true });
});

const mlflowGcp = (...args: string[]): Promise<Outcome> => runChild(args, { env, cwd: folder });

async function line(...args: string[]): Promise<string> {
  const outcome = await mlflowGcp('connect', '--database', ...args);
  expect(outcome.status, outcome.stderr).toBe(0);
  return outcome.stdout.trim();
}

/** What psql makes of a line, when it is asked for this. */
async function psql(command: string, sql = 'SELECT current_user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()') {
  const script = `${command} -At -c "${sql}"`;
  return run('bash', ['-c', script], { cwd: place, env: cleanEnvironment(env) }).then(
    ({ stdout }) => stdout.trim(),
    ({ stderr }: { stderr: string }) => `refused: ${stderr}`,
  );
}

test.skipIf(missing)(title('the printed line opens the database with psql, over TLS, with no secret in it'), async () => {
  const made = await mlflowGcp('init', '--local', '--yes', '--client-cert');
  expect(made.status, made.stderr).toBe(0);
  const command = await line();
  const password = await line('--format', 'password');
  expect(password.length).toBeGreaterThan(20);
  expect(command).not.toContain(password);
  expect(await psql(command)).toBe('mlflow|t');
  // Plain text and an unknown authority are refused.
  expect(await psql(command.replace('sslmode=verify-ca', 'sslmode=disable'))).toMatch(/^refused: .*no encryption/s);
  expect(await psql(command.replace(/sslrootcert=\S+?(?=['" ])/, 'sslrootcert=system sslmode=verify-full'))).toMatch(
    /^refused: /,
  );
  const lines = await line('--format', 'env');
  const { stdout } = await run('bash', ['-c', `eval "${'$'}LINES_TO_TAKE" && psql -At -c 'SELECT 1'`], {
    env: cleanEnvironment({ ...env, LINES_TO_TAKE: lines }),
  });
  expect(stdout.trim()).toBe('1');
});

test.skipIf(missing)(title('where certificates are required, the line with one gets in, and none without'), async () => {
  const plain = await line();
  expect((await mlflowGcp('init', '--yes', '--require-client-cert')).status).toBe(0);
  expect(await psql(plain)).toMatch(/^refused: .*certificate/s);
  const refused = await mlflowGcp('connect', '--database', '--json');
  expect(JSON.parse(refused.stdout).error.code).toBe('CLIENT_CERT_NEEDED');
  const dir = path.join(place, "it's a folder");
  const command = await line('--client-cert-dir', dir);
  expect(await psql(command)).toBe('mlflow|t');
  const named = (await readdir(dir)).sort();
  expect(named).toEqual(['.gitignore', 'client-cert.pem', 'client-key.pem', 'server-ca.pem']);
  expect((await stat(path.join(dir, 'client-key.pem'))).mode & 0o777).toBe(0o600);
  expect((await stat(dir)).mode & 0o777).toBe(0o700);
  // After a rotation another user signs in, in the first one's name.
  expect((await mlflowGcp('secrets', 'rotate', 'database_url', '--yes')).status).toBe(0);
  const rotated = await line('--client-cert-dir', dir);
  expect(await psql(rotated, 'SELECT session_user, current_user')).toBe('mlflow_b|mlflow');
  // A new folder for the same certificate: the key comes from Secret Manager.
  const again = path.join(place, 'again');
  expect(await psql(await line('--client-cert-dir', again))).toMatch(/\|t$/);
  expect(await readFile(path.join(again, 'client-key.pem'), 'utf8')).toBe(
    await readFile(path.join(dir, 'client-key.pem'), 'utf8'),
  );
});

test.skipIf(missing)(title('once the certificate is taken away its files open nothing'), async () => {
  const dir = path.join(place, 'lost');
  const command = await line('--client-cert-dir', dir);
  expect(await psql(command, 'SELECT 1')).toBe('1');
  expect((await mlflowGcp('destroy', '--yes')).status).toBe(0);
  expect(await psql(command, 'SELECT 1')).toMatch(/^refused: /);
});
