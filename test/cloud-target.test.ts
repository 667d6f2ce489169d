import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cloudTarget } from '../src/cloud-target.ts';
import { UsageError } from '../src/errors.ts';

const HOST = 'run.googleapis.com';
const via = (env: Record<string, string>, host = HOST) => cloudTarget(env).proxyFor(host)?.href;

describe('the proxy of the environment', () => {
  it.each([
    [{}, undefined],
    [{ HTTPS_PROXY: '' }, undefined],
    [{ HTTPS_PROXY: 'http://proxy:3128' }, 'http://proxy:3128/'],
    [{ https_proxy: 'http://proxy:3128' }, 'http://proxy:3128/'],
    [{ ALL_PROXY: 'https://user:pw@proxy' }, 'https://user:pw@proxy/'],
    [{ HTTPS_PROXY: 'proxy:3128' }, 'http://proxy:3128/'],
    [{ HTTPS_PROXY: 'http://a:1', https_proxy: 'http://b:1', ALL_PROXY: 'http://c:1' }, 'http://a:1/'],
    [{ HTTP_PROXY: 'http://plain:1' }, undefined],
  ])('%j gives %s', (env, expected) => {
    expect(via(env as Record<string, string>)).toBe(expected);
  });

  it.each(['socks5://proxy:1080', 'http://', '::'])('refuses %s without showing it', (value) => {
    const secret = value.replace('://', '://user:secret@');
    expect(() => cloudTarget({ HTTPS_PROXY: secret })).toThrow(UsageError);
    expect(() => cloudTarget({ HTTPS_PROXY: secret })).not.toThrow(/secret/);
  });

  it.each([
    ['', HOST, true],
    ['*', HOST, false],
    ['googleapis.com', HOST, false],
    ['.googleapis.com', HOST, false],
    ['*.googleapis.com', HOST, false],
    ['GoogleAPIs.com', HOST, false],
    ['apis.com', HOST, true],
    ['example.com, .googleapis.com ,x', HOST, false],
    ['example.com run.googleapis.com', HOST, false],
    ['run.googleapis.com:443', HOST, false],
    ['sub.run.googleapis.com', HOST, true],
    ['.run.googleapis.com', HOST, false],
    ['10.0.0.0/8', '10.2.3.4', false],
    ['10.0.0.0/8', '11.2.3.4', true],
    ['127.0.0.1', '127.0.0.1', false],
    ['fd00::/8', '[fd12::1]', false],
    ['[::1]', '::1', false],
    ['10.0.0.0/8', HOST, true],
  ])('NO_PROXY=%j for %s: proxied %s', (rules, host, proxied) => {
    expect(via({ HTTPS_PROXY: 'http://proxy:1', NO_PROXY: rules }, host) !== undefined).toBe(proxied);
    expect(via({ HTTPS_PROXY: 'http://proxy:1', no_proxy: rules }, host) !== undefined).toBe(proxied);
  });

  it.each(['10.0.0.0/99', '10.0.0.0/x'])('refuses the network %s', (rule) => {
    expect(() => cloudTarget({ HTTPS_PROXY: 'http://proxy:1', NO_PROXY: rule })).toThrow(UsageError);
  });
});

describe('the rest of the environment', () => {
  it('reads further authorities, and says which file it cannot read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'authorities-'));
    try {
      const file = join(folder, 'ca.pem');
      await writeFile(file, 'PEM');
      expect(cloudTarget({ NODE_EXTRA_CA_CERTS: file }).authorities).toEqual(['PEM']);
      expect(() => cloudTarget({ NODE_EXTRA_CA_CERTS: join(folder, 'none.pem') })).toThrow(/none\.pem/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('takes the token of the environment, without the newline that a file brings along', () => {
    expect(cloudTarget({ CLOUDSDK_AUTH_ACCESS_TOKEN: 'abc\n' }).accessToken).toBe('abc');
    expect(cloudTarget({ CLOUDSDK_AUTH_ACCESS_TOKEN: '' }).accessToken).toBeUndefined();
  });

  it('hands on what programs that we start need, and no more', () => {
    const env = { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'x', HOME: '/home/me', CLOUDSDK_AUTH_ACCESS_TOKEN: 't' };
    expect(cloudTarget(env).childEnvironment()).toEqual({
      HTTPS_PROXY: 'http://p:1',
      NO_PROXY: 'x',
      CLOUDSDK_AUTH_ACCESS_TOKEN: 't',
    });
  });

  it('knows no other way to a service than its own address', async () => {
    expect(await cloudTarget({}).reachableUrl('https://x.run.app')).toBe('https://x.run.app');
  });
});
