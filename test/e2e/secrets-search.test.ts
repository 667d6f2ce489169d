import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type CommandLines, watchCommandLines } from '../support/command-lines.ts';
import { type Outcome, runChild, temporaryFolder } from '../support/program.ts';
import { lockedFolder } from '../support/project-folder.ts';
import { startTestSimulator, type TestSimulator } from '../support/simulator.ts';

/** What the test gives to the program; the others it makes up by itself. */
const GIVEN = {
  token: 'needle-token-of-a-person-71ac',
  proxy: 'needle-proxy-password-5c0d',
  password: 'needle-given-passphrase-e44b',
  set: 'needle-typed-passphrase-09fe',
  refused: 'needle:name-with-a-colon-3d2a',
};
const VERBOSITIES = [[], ['--verbose'], ['--quiet'], ['--json', '--verbose']];

interface World {
  simulator: TestSimulator;
  place: string;
  folder: string;
  lines: CommandLines;
  run(args: string[], input?: string): Promise<Outcome>;
  /** What each run said: where, and the text. */
  said: Array<[command: string, text: string]>;
}

async function openWorld(): Promise<World> {
  const [simulator, folder] = await Promise.all([startTestSimulator(), lockedFolder()]);
  onTestFinished(() => simulator.remove());
  const place = temporaryFolder();
  const lines = await watchCommandLines(place);
  onTestFinished(() => lines.stop());
  await mkdir(path.join(place, 'home'));
  const env = {
    HOME: path.join(place, 'home'),
    PATH: `${lines.bin}:${process.env['PATH']}`,
    HTTPS_PROXY: simulator.url.replace('http://', `http://ann:${GIVEN.proxy}@`),
    NODE_EXTRA_CA_CERTS: simulator.ca,
    CLOUDSDK_AUTH_ACCESS_TOKEN: GIVEN.token,
    GOOGLE_CLOUD_PROJECT: simulator.project.projectId,
    XDG_STATE_HOME: path.join(place, 'state'),
    CI: 'true',
  };
  const said: World['said'] = [];
  return {
    simulator,
    place,
    folder,
    lines,
    said,
    async run(args, input) {
      const outcome = await runChild(args, { env, cwd: folder, ...(input !== undefined && { input }) });
      // What `connect` prints on stdout is what it is for.
      if (args[0] !== 'connect') said.push([`${args.join(' ')} (stdout)`, outcome.stdout]);
      said.push([`${args.join(' ')} (stderr)`, outcome.stderr]);
      return outcome;
    },
  };
}

/** Every value that a secret of the deployment ever had. */
async function values({ simulator }: World): Promise<string[]> {
  const secrets = `https://secretmanager.googleapis.com/v1/projects/${simulator.project.projectId}/secrets`;
  const found: string[] = [];
  for (const { name } of (await simulator.call('GET', secrets)).body.secrets ?? []) {
    const short = name.split('/').at(-1);
    // Where something is, and who: that is no secret.
    if (/(?:_artifact_url|_tracking_url|_tracking_username)$|cert$/.test(short)) continue;
    for (const version of (await simulator.call('GET', `${secrets}/${short}/versions`)).body.versions ?? []) {
      if (version.state !== 'ENABLED') continue;
      const access = `${secrets}/${short}/versions/${version.name.split('/').at(-1)}:access`;
      const value = Buffer.from((await simulator.call('GET', access)).body.payload.data, 'base64').toString('utf8');
      found.push(...needles(value));
    }
  }
  return found;
}

/** The parts of a value that give it away: a URL's password, a key's lines. */
function needles(value: string): string[] {
  const password = /^[\w+]+:\/\/[^:]+:([^@]+)@/.exec(value)?.[1];
  if (password !== undefined) return [password];
  if (value.includes('PRIVATE KEY')) return value.split('\n').filter((line) => line.length > 40 && !line.includes('-----'));
  return [value];
}

/** Files below a folder, with what is in them. */
async function filesBelow(folder: string): Promise<Array<{ file: string; bytes: Buffer; mode: number }>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (file) => ({ file, bytes: await readFile(file), mode: (await stat(file)).mode & 0o777 })));
}

test('no secret is shown, logged, passed on a command line or left in a file that others can read', async () => {
  const world = await openWorld();
  const { run, simulator, folder, place, lines } = world;
  const keyFile = path.join(place, 'keys', 'server.json');
  const secrets = new Set(Object.values(GIVEN));
  const remember = async () => (await values(world)).forEach((value) => void secrets.add(value));
  const good = async (args: string[], input?: string) => {
    const outcome = await run(args, input);
    expect(outcome.status, `${args.join(' ')}: ${outcome.stdout}${outcome.stderr}`).toBe(0);
    await remember();
  };

  const init = ['init', '--yes', '--client-cert', '--credentials', 'key', '--key-file', keyFile];
  const withCi = [...init, '--ci', 'github', '--github-repo', 'acme/models'];
  // First what fails half-way, with the values made already.
  await simulator.control('POST', '/_simulator/faults', { match: 'secretmanager.*:addVersion', skip: 2, times: 1, status: 400 });
  expect((await run([...withCi, '--verbose', '--password-file', '-'], GIVEN.password)).status).toBe(1);
  await remember();
  await good([...withCi, '--verbose', '--password-file', '-'], GIVEN.password);
  for (const more of VERBOSITIES) await good(['deploy', '--with', 'api', '--no-check', ...more]);
  await good([...init, '--json', '--verbose']);
  await good(['secrets', 'set', 'tracking_password', '--verbose'], GIVEN.set);
  expect((await run(['secrets', 'set', 'tracking_username', '--verbose'], GIVEN.refused)).status).toBe(2);
  await good(['secrets', 'rotate', '--yes', '--no-check', '--grace', '0', '--verbose']);
  await good(['secrets', 'rotate', 'tracking_password', '--yes', '--no-check', '--json', '--verbose']);
  await good(['secrets', 'list', '--verbose']);
  await run(['secrets', 'verify', '--verbose']);
  await good(['connect', '--no-check', '--verbose']);
  await run(['connect', '--database', '--no-check', '--verbose']);
  // Nothing serves here, so that these end with what they were refused.
  await run(['connect', '--verbose']);
  await run(['model', '--verbose', '--dry-run']);
  await run(['status', '--verbose', '--json']);
  await simulator.control('POST', '/_simulator/faults', { match: 'sqladmin.*users', times: 1, status: 400 });
  expect((await run(['secrets', 'rotate', 'database_url', '--yes', '--no-check', '--verbose'])).status).toBe(1);
  await remember();

  const key = JSON.parse(await readFile(keyFile, 'utf8'));
  for (const line of needles(key.private_key)) secrets.add(line);
  const rendered = await filesBelow(folder);
  const gone = await run(['destroy', '--yes', '--delete-data', '--confirm', 'mlflow', '--verbose']);
  expect(simulator.bugs).toEqual([]);
  expect(gone.status, gone.stderr).toBe(0);

  expect(secrets.size).toBeGreaterThan(20);
  const commandLines = await lines.all();
  expect(commandLines.some((line) => line.includes('mlflow-gcp.js secrets rotate'))).toBe(true);
  const { bytes: log } = await simulator.control('GET', '/_simulator/requests');
  const found: string[] = [];
  const here = await filesBelow(place);
  for (const secret of secrets) {
    const shown = `${secret.slice(0, 12)}…`;
    for (const [command, text] of world.said) if (text.includes(secret)) found.push(`${shown} is shown by ${command}`);
    for (const line of commandLines)
      if (line.includes(secret)) found.push(`${shown} stands on the command line ${line.slice(0, 80)}`);
    if (log.includes(secret)) found.push(`${shown} is in the log of requests`);
    for (const { file, bytes } of rendered) if (bytes.includes(secret)) found.push(`${shown} is in ${file}`);
    for (const { file, bytes, mode } of here)
      if (bytes.includes(secret) && !(file === keyFile && mode === 0o600))
        found.push(`${shown} is in ${file} (${mode.toString(8)})`);
  }
  expect(found).toEqual([]);
}, 600_000);

test('what is secret goes into files of 0600, whatever the umask', async () => {
  const world = await openWorld();
  const before = process.umask(0);
  try {
    const keyFile = path.join(world.place, 'keys', 'server.json');
    await writeFile(path.join(world.place, 'password.txt'), GIVEN.password);
    const { status, stdout } = await world.run([
      'init',
      '--yes',
      '--client-cert',
      '--credentials',
      'key',
      '--key-file',
      keyFile,
      '--json',
    ]);
    expect(status, stdout).toBe(0);
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    expect((await stat(path.dirname(keyFile))).mode & 0o777).toBe(0o700);
  } finally {
    process.umask(before);
  }
}, 300_000);
