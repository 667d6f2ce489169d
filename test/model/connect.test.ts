import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connectCommand } from '../../src/commands/connect.ts';
import { readClientSettings } from '../../src/commands/server-access.ts';
import { addVersion, disableVersion } from '../../src/gcp/secret-versions.ts';
import { createSecret } from '../../src/gcp/secrets.ts';
import { type Opened, openOnSimulator, TOKEN } from '../gcp/open.ts';
import { runInMemory } from '../support/program.ts';
import { type RunningServer, startAnswering, startGate } from './mlflow-server.ts';

const PASSWORD = `it's "p$w" ✓`;
let opened: Opened;
let behind: RunningServer;
let gate: RunningServer;

beforeAll(async () => {
  behind = await startAnswering(200, '{"experiments":[]}');
});
afterAll(() => behind?.stop());
beforeEach(async () => {
  opened = await openOnSimulator();
  gate = await startGate(behind.url, 'ann', PASSWORD);
  await opened.enable('secretmanager');
});
afterEach(async () => {
  await gate.stop();
  await opened.close();
});

async function setSecret(secretId: string, value: string): Promise<void> {
  const { google, project } = opened;
  await createSecret(google, { project, secretId, labels: {} });
  await addVersion(google, { project, secretId, value });
}

async function setAll(name = 'mlflow', password = PASSWORD): Promise<void> {
  await setSecret(`${name}_tracking_url`, `${gate.url}/`);
  await setSecret(`${name}_tracking_username`, 'ann');
  await setSecret(`${name}_tracking_password`, password);
}

/** The program on the simulator as if it were Google: by proxy and authority alone. */
function connect(...args: string[]) {
  const env = {
    HTTPS_PROXY: `http://127.0.0.1:${opened.simulator.port}`,
    NODE_EXTRA_CA_CERTS: opened.simulator.ca,
    CLOUDSDK_AUTH_ACCESS_TOKEN: TOKEN,
  };
  return runInMemory(['connect', '--project', opened.project, ...args], { commands: [connectCommand] }, { env });
}

describe('readClientSettings', () => {
  test('reads the newest versions, and the address as this machine reaches it', async () => {
    await setAll();
    await setSecret('mlflow_tracking_password', 'newer');
    const target = { ...opened.google.target, reachableUrl: async (url: string) => url.replace('127.0.0.1', 'localhost') };
    expect(await readClientSettings({ ...opened.google, target }, opened.project, 'mlflow')).toEqual({
      trackingUri: gate.url.replace('127.0.0.1', 'localhost'),
      username: 'ann',
      password: 'newer',
    });
  });

  test('names every secret that is missing', async () => {
    await setSecret('team_tracking_url', gate.url);
    await expect(readClientSettings(opened.google, opened.project, 'team')).rejects.toMatchObject({
      code: 'SECRETS_MISSING',
      message: expect.stringContaining('no value for team_tracking_username, team_tracking_password: deployment team'),
    });
    await setAll();
    await disableVersion(opened.google, { project: opened.project, secretId: 'mlflow_tracking_password', version: '1' });
    await expect(readClientSettings(opened.google, opened.project, 'mlflow')).rejects.toMatchObject({
      message: expect.stringContaining('no value for mlflow_tracking_password:'),
    });
  });
});

describe('mlflow-gcp connect', () => {
  test('prints what the server accepted on stdout, and the password nowhere else', async () => {
    await setAll();
    const { status, stdout, stderr } = await connect('--verbose');
    expect(stderr).toContain('Check that the server accepts them');
    expect(status).toBe(0);
    const quoted = PASSWORD.replace("'", `'\\''`);
    expect(stdout).toBe(
      `export MLFLOW_TRACKING_URI='${gate.url}'\nexport MLFLOW_TRACKING_USERNAME='ann'\nexport MLFLOW_TRACKING_PASSWORD='${quoted}'\n`,
    );
    expect(stderr).not.toContain('p$w');
    expect(stderr).not.toContain(Buffer.from(`ann:${PASSWORD}`).toString('base64'));
  });

  test('--json is one document, and --format json an object of variables', async () => {
    await setAll();
    const variables = { MLFLOW_TRACKING_URI: gate.url, MLFLOW_TRACKING_USERNAME: 'ann', MLFLOW_TRACKING_PASSWORD: PASSWORD };
    expect(JSON.parse((await connect('--json')).stdout)).toEqual({
      ok: true,
      trackingUri: gate.url,
      username: 'ann',
      password: PASSWORD,
      variables,
      checked: true,
    });
    expect(JSON.parse((await connect('--format', 'json')).stdout)).toEqual(variables);
  });

  test('a wrong password ends with status 3 and prints nothing, unless it is not to be checked', async () => {
    await setAll('mlflow', 'wrong');
    const { status, stdout, stderr } = await connect();
    expect([status, stdout]).toEqual([3, '']);
    expect(stderr).toContain('does not accept the username and password (401)');
    expect(stderr).not.toContain('    at ');
    const unchecked = await connect('--no-check');
    expect(unchecked.status).toBe(0);
    expect(unchecked.stdout).toContain("MLFLOW_TRACKING_PASSWORD='wrong'");
  });

  test('a server that is not there, a deployment that is not there', async () => {
    await setAll();
    await gate.stop();
    const gone = await connect('--json');
    expect(gone.status).toBe(1);
    expect(JSON.parse(gone.stdout)).toMatchObject({ ok: false, error: { code: 'SERVER_UNREACHABLE' } });
    const other = await connect('--json', '--name', 'other');
    expect(other.status).toBe(1);
    expect(JSON.parse(other.stdout)).toMatchObject({
      error: { code: 'SECRETS_MISSING', hint: expect.stringContaining('mlflow-gcp init') },
    });
    gate = await startGate(behind.url, 'ann', PASSWORD);
  });

  test('a line break in the password is refused', async () => {
    await setAll('mlflow', 'two\nlines');
    const { status, stdout, stderr } = await connect('--no-check');
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain('MLFLOW_TRACKING_PASSWORD holds a line break');
  });
});
