import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readGcloudSettings } from '../../src/project/gcloud-settings.ts';
import { skaffoldDifference } from '../../src/project/skaffold-account.ts';
import { temporaryFolder } from '../support/program.ts';

async function configFolder(active: string | undefined, configurations: Record<string, string>): Promise<string> {
  const folder = temporaryFolder();
  await mkdir(path.join(folder, 'configurations'));
  if (active !== undefined) await writeFile(path.join(folder, 'active_config'), active);
  for (const [name, text] of Object.entries(configurations))
    await writeFile(path.join(folder, 'configurations', `config_${name}`), text);
  return folder;
}

describe('what gcloud is set to', () => {
  it('is read from its active configuration', async () => {
    const CLOUDSDK_CONFIG = await configFolder('work\n', {
      default: '[core]\naccount = nobody@example.com\n',
      work: '[core]\naccount = ada@example.com\nproject=my-project\n[compute]\nregion = europe-west1\n[auth]\nimpersonate_service_account = ci@p.iam.gserviceaccount.com\n',
    });
    expect(await readGcloudSettings({ CLOUDSDK_CONFIG })).toEqual({
      installed: false,
      account: 'ada@example.com',
      project: 'my-project',
      region: 'europe-west1',
      impersonates: 'ci@p.iam.gserviceaccount.com',
    });
  });

  it('is the default configuration where none is active, variables win, and HOME is where it lies', async () => {
    const home = temporaryFolder();
    const folder = path.join(home, '.config/gcloud/configurations');
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'config_default'), '# a note\n[core]\naccount = ada@example.com\n');
    await writeFile(path.join(folder, 'config_other'), '[core]\naccount = bob@example.com\n');
    expect(await readGcloudSettings({ HOME: home })).toMatchObject({ account: 'ada@example.com', project: undefined });
    expect(await readGcloudSettings({ HOME: home, CLOUDSDK_ACTIVE_CONFIG_NAME: 'other' })).toMatchObject({
      account: 'bob@example.com',
    });
    const env = { HOME: home, CLOUDSDK_CORE_ACCOUNT: 'eve@example.com', CLOUDSDK_CORE_PROJECT: 'of-the-variable' };
    expect(await readGcloudSettings(env)).toMatchObject({ account: 'eve@example.com', project: 'of-the-variable' });
  });

  it('is nothing where there is no gcloud, which is found on PATH', async () => {
    const bin = temporaryFolder();
    const env = { HOME: temporaryFolder(), PATH: `/nowhere::${bin}` };
    expect(await readGcloudSettings(env)).toMatchObject({ installed: false, account: undefined });
    await writeFile(path.join(bin, 'gcloud'), '#!/bin/sh\n');
    expect(await readGcloudSettings(env)).toMatchObject({ installed: false });
    await chmod(path.join(bin, 'gcloud'), 0o755);
    expect(await readGcloudSettings(env)).toMatchObject({ installed: true });
  });
});

describe('skaffold', () => {
  const gcloud = { installed: true, account: 'ada@example.com', impersonates: undefined, project: undefined, region: undefined };
  const ada = { kind: 'person', account: 'ada@example.com' };
  const bob = { kind: 'person', account: 'bob@example.com' };

  it.each([
    ['gcloud and we are the same person', ada, gcloud, false],
    ['there is no gcloud, so that it takes the credentials that we take', bob, { ...gcloud, installed: false }, false],
    ['gcloud is signed out', bob, { ...gcloud, account: undefined }, false],
    ['nobody says who we are', { kind: 'federation', account: undefined }, gcloud, false],
    ['gcloud hands on the token that we use', bob, gcloud, true],
  ])('is the same where %s', (_why, ours, settings, givenToken) => {
    expect(skaffoldDifference(ours, settings, givenToken)).toBeUndefined();
  });

  it.each([
    ['another person', bob, gcloud, false, /as ada@example\.com .* works as bob@/, /^gcloud auth login bob@example\.com, or /],
    ['a key', { kind: 'key', account: 'sa@p.iam' }, gcloud, false, /works as sa@p/, /activate-service-account --key-file=/],
    [
      'an impersonation of ours',
      { kind: 'impersonation', account: 'sa@p.iam' },
      gcloud,
      false,
      /ada@/,
      /auth\/impersonate_service_account sa@p\.iam/,
    ],
    [
      'one of gcloud’s',
      ada,
      { ...gcloud, impersonates: 'sa@p.iam' },
      false,
      /as sa@p\.iam \(whom/,
      /^gcloud config unset auth\/imp.*auth login ada@/,
    ],
    ['a token that only gcloud hands on', bob, { ...gcloud, installed: false }, true, /CLOUDSDK_AUTH_ACCESS_TOKEN/, /--with api/],
  ])('is another for %s', (_what, ours, settings, givenToken, message, mend) => {
    const difference = skaffoldDifference(ours, settings, givenToken);
    expect(difference?.message).toMatch(message);
    expect(difference?.mend).toMatch(mend);
    expect(difference?.mend).toContain('mlflow-gcp deploy --with api');
  });
});
