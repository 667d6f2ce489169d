import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { exampleCommands } from '../support/example-commands.ts';
import { runInMemory, temporaryFolder } from '../support/program.ts';

const commands = { commands: exampleCommands };

async function shown(args: string[], env: Record<string, string> = {}, cwd = temporaryFolder()) {
  const { status, stdout, stderr } = await runInMemory(['show', '--json', ...args], commands, { env, cwd });
  return { status, stderr, document: JSON.parse(stdout) };
}
function folderWith(text: string): string {
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, 'mlflow-gcp.yaml'), text);
  return folder;
}

describe('where a setting comes from', () => {
  it('takes flag over environment over file over default, and says which', async () => {
    const folder = folderWith('project: from-the-file\nregion: europe-west1\n');
    const env = { MLFLOW_GCP_PROJECT: 'from-the-env', GOOGLE_CLOUD_PROJECT: 'from-google' };
    const project = async (args: string[], vars: Record<string, string>) => (await shown(args, vars, folder)).document.project;
    expect(await project(['--project', 'from-the-flag'], env)).toEqual({ value: 'from-the-flag', from: '--project' });
    expect(await project([], env)).toEqual({ value: 'from-the-env', from: 'MLFLOW_GCP_PROJECT' });
    expect(await project([], { GOOGLE_CLOUD_PROJECT: 'from-google', CLOUDSDK_CORE_PROJECT: 'from-gcloud' })).toEqual({
      value: 'from-google',
      from: 'GOOGLE_CLOUD_PROJECT',
    });
    expect(await project([], { CLOUDSDK_CORE_PROJECT: 'from-gcloud' })).toEqual({
      value: 'from-gcloud',
      from: 'CLOUDSDK_CORE_PROJECT',
    });
    expect(await project([], {})).toEqual({ value: 'from-the-file', from: path.join(folder, 'mlflow-gcp.yaml') });
    const { document } = await shown([], {}, folder);
    expect(document.region).toEqual({ value: 'europe-west1', from: path.join(folder, 'mlflow-gcp.yaml') });
    expect(document.name).toEqual({ value: 'mlflow', from: 'default' });
    expect((await shown([], { CLOUDSDK_COMPUTE_REGION: 'asia-east1' }, folder)).document.region.value).toBe('asia-east1');
  });

  it('warns when one of Google’s variables decides against the file', async () => {
    const { stderr } = await shown([], { GOOGLE_CLOUD_PROJECT: 'from-google' }, folderWith('project: from-the-file\n'));
    expect(stderr).toMatch(
      /Warning: Using project from-google of GOOGLE_CLOUD_PROJECT, although .*mlflow-gcp.yaml says from-the-file/,
    );
  });

  it('ignores Google’s own variables with --local, because they speak of the real cloud', async () => {
    const env = { GOOGLE_CLOUD_PROJECT: 'from-google', CLOUDSDK_COMPUTE_REGION: 'asia-east1' };
    const { document } = await shown(['--local'], env);
    expect(document.project).toBeNull();
    expect(document.region).toEqual({ value: 'us-central1', from: 'default' });
    const fromFile = await shown([], env, folderWith('target: local\n'));
    expect(fromFile.document).toMatchObject({ local: true, project: null });
  });

  it('takes a command’s own options from flag, environment and default, repeated or with commas', async () => {
    const flags = await shown(
      ['--tier', 'large', '--allow-ip', '10.0.0.0/8', '1.2.3.4', '--allow-ip', '5.6.7.8,9.9.9.9', '--iap'],
      {
        MLFLOW_GCP_TIER: 'small',
      },
    );
    expect(flags.document.options).toEqual({
      tier: 'large',
      allowIp: ['10.0.0.0/8', '1.2.3.4', '5.6.7.8', '9.9.9.9'],
      iap: true,
    });
    const env = await shown([], {
      MLFLOW_GCP_TIER: 'large',
      MLFLOW_GCP_REPLICAS: '3',
      MLFLOW_GCP_ALLOW_IP: 'a, b',
      MLFLOW_GCP_IAP: 'yes',
    });
    expect(env.document.options).toEqual({ tier: 'large', replicas: 3, allowIp: ['a', 'b'], iap: true });
    expect(env.document.origins.replicas).toBe('MLFLOW_GCP_REPLICAS');
    expect((await shown([], { MLFLOW_GCP_TIER: '' })).document.origins.tier).toBe('default');
  });

  it('finds the file in a folder above, and uses --dir and --config', async () => {
    const folder = folderWith('project: from-the-file\n');
    const below = path.join(folder, 'app', 'deeper');
    mkdirSync(below, { recursive: true });
    expect((await shown([], {}, below)).document.dir).toEqual({ value: folder, from: path.join(folder, 'mlflow-gcp.yaml') });
    const elsewhere = temporaryFolder();
    expect((await shown(['--dir', below], {}, elsewhere)).document).toMatchObject({
      project: { value: 'from-the-file' },
      dir: { value: below, from: '--dir' },
    });
    const config = await shown([], { MLFLOW_GCP_CONFIG: path.join(folder, 'mlflow-gcp.yaml') }, elsewhere);
    expect(config.document.project.value).toBe('from-the-file');
  });

  it('takes global options before the command as well as after it', async () => {
    const { stdout } = await runInMemory(['--project', 'my-project', '--json', 'show', '--tier', 'large'], commands);
    expect(JSON.parse(stdout)).toMatchObject({ project: { value: 'my-project' }, options: { tier: 'large' } });
  });
});

describe('values that are not as they should be', () => {
  it('are refused together, each with its origin, before the command runs', async () => {
    const { status, document } = await shown(['--tier', 'huge', '--replicas', '12'], { MLFLOW_GCP_IAP: 'maybe' });
    expect(status).toBe(2);
    expect(document.error.code).toBe('INVALID_VALUE');
    expect(document.error.message.split('\n')).toEqual([
      '--tier is "huge": expected one of small, large.',
      '--replicas is "12": expected a whole number from 0 to 9.',
      'MLFLOW_GCP_IAP is "maybe": expected 1, true or yes, or else 0, false or no.',
    ]);
  });

  it.each([
    ['--project', 'Abc', '6 to 30 lower-case letters'],
    ['--project', 'my-project-', '6 to 30 lower-case letters'],
    ['--project', `p${'x'.repeat(30)}`, '6 to 30 lower-case letters'],
    ['--project', '123456789012', 'project number'],
    ['--region', 'europe-west1-b', 'its region, europe-west1'],
    ['--region', 'EU', 'multi-region'],
    ['--region', 'somewhere', 'expected a Google Cloud region'],
    ['--name', 'My_Server', 'up to 23 lower-case letters'],
    ['--name', 'ends-with-', 'up to 23 lower-case letters'],
    ['--name', 'a'.repeat(24), 'up to 23 lower-case letters'],
    ['--name', 'google-mlflow', 'Cloud Storage refuses'],
  ])('%s %s is refused as Google would', async (flag, given, expected) => {
    const { status, document } = await shown([flag, given]);
    expect(status).toBe(2);
    expect(document.error.message).toContain(`${flag} is ${JSON.stringify(given)}`);
    expect(document.error.message).toContain(expected);
  });

  it('takes what Google takes', async () => {
    const { document } = await shown([
      '--project',
      'example.com:my-project',
      '--region',
      'northamerica-northeast1',
      '--name',
      'a',
    ]);
    expect(document.ok).toBe(true);
  });

  it('names the variable that holds a bad project', async () => {
    const { status, document } = await shown([], { GOOGLE_CLOUD_PROJECT: 'Bad_Project' });
    expect(status).toBe(2);
    expect(document.error.message).toContain('GOOGLE_CLOUD_PROJECT is "Bad_Project"');
  });

  it('names file, line and key of a broken mlflow-gcp.yaml, unless the command does not need it', async () => {
    const folder = folderWith('name: mlflow\nregoin: us-central1\n');
    const { status, document } = await shown([], {}, folder);
    expect(status).toBe(2);
    expect(document.error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(document.error.message).toContain('mlflow-gcp.yaml:2');
    const missing = await shown(['--config', 'nowhere.yaml'], {}, folder);
    expect(missing.document.ok).toBe(false);
    expect(missing.document.error.message).toContain('nowhere.yaml');
  });
});
