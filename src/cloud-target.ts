import { readFileSync, statSync } from 'node:fs';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { UsageError } from './errors.ts';
import type { Target } from './target.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What programs that we start (skaffold, gcloud, Python) need to reach Google the way we do. */
const PASSED_ON = [
  'HTTPS_PROXY',
  'https_proxy',
  'ALL_PROXY',
  'all_proxy',
  'NO_PROXY',
  'no_proxy',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'REQUESTS_CA_BUNDLE',
  'CLOUDSDK_AUTH_ACCESS_TOKEN',
  'CLOUDSDK_CONFIG',
  'GOOGLE_APPLICATION_CREDENTIALS',
];

/**
 * The real Google Cloud, as the environment says to reach it: `HTTPS_PROXY` (or `https_proxy`, `ALL_PROXY`, `all_proxy`), `NO_PROXY`,
 * `NODE_EXTRA_CA_CERTS`, `CLOUDSDK_AUTH_ACCESS_TOKEN`. Throws a UsageError where one of them cannot be used.
 */
export function cloudTarget(env: Environment): Target {
  const proxy = proxyOf(env);
  const isExempt = exemptions(env['NO_PROXY'] ?? env['no_proxy'] ?? '');
  return {
    kind: 'cloud',
    proxyFor: (host) => (proxy === undefined || isExempt(host) ? undefined : proxy),
    authorities: authoritiesOf(env['NODE_EXTRA_CA_CERTS']),
    accessToken: tokenOf(env['CLOUDSDK_AUTH_ACCESS_TOKEN']),
    defaultProject: undefined,
    reachableUrl: async (url) => url,
    reachableDatabase: async () => undefined,
    childEnvironment: () => Object.fromEntries(PASSED_ON.flatMap((name) => (env[name] ? [[name, env[name]]] : []))),
  };
}

function proxyOf(env: Environment): URL | undefined {
  const name = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'].find((candidate) => env[candidate]);
  if (name === undefined) return undefined;
  const value = env[name] ?? '';
  // `proxy:3128` is what many write; a scheme is what the others mean by it.
  const text = value.includes('://') ? value : `http://${value}`;
  const proxy = URL.canParse(text) ? new URL(text) : undefined;
  if (proxy === undefined || !['http:', 'https:'].includes(proxy.protocol)) {
    // The value is not shown: it may hold a password.
    throw new UsageError({
      code: 'PROXY_INVALID',
      message: `${name} is not the address of an HTTP proxy.`,
      hint: `export ${name}=http://HOST:PORT`,
    });
  }
  return proxy;
}

/**
 * The rules of NO_PROXY as curl, Go and Python's requests share them: names separated by commas; a name stands for itself and all
 * below it, with or without a leading dot or `*.`; `*` for everything; addresses and networks for themselves.
 */
function exemptions(list: string): (host: string) => boolean {
  const networks = new BlockList();
  const names: string[] = [];
  for (const rule of list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean)) {
    const [address = '', prefix] = rule.replace(/^\[(.*)\](:\d+)?$/, '$1').split('/');
    if (isIP(address) !== 0) {
      addNetwork(networks, address, prefix);
    } else {
      // A port, as in `host:443`, narrows the rule to what we only ever use.
      names.push(rule.replace(/^\*(?=\.)/, '').replace(/:\d+$/, ''));
    }
  }
  return (host) => {
    const name = host.toLowerCase().replace(/^\[|\]$/g, '');
    if (isIP(name) !== 0 && networks.check(name, isIPv6(name) ? 'ipv6' : 'ipv4')) return true;
    return names.some(
      (rule) => rule === '*' || name === rule.replace(/^\./, '') || name.endsWith(rule.startsWith('.') ? rule : `.${rule}`),
    );
  };
}

function addNetwork(networks: BlockList, address: string, prefix: string | undefined): void {
  const [family, bits] = isIPv6(address) ? (['ipv6', 128] as const) : (['ipv4', 32] as const);
  const length = Number(prefix ?? bits);
  if (!Number.isInteger(length) || length < 0 || length > bits) {
    throw new UsageError({
      code: 'NO_PROXY_INVALID',
      message: `NO_PROXY names a network that is none: ${address}/${prefix}`,
      hint: `Write networks as ADDRESS/BITS with at most ${bits} bits.`,
    });
  }
  networks.addSubnet(address, length, family);
}

/** Google's tokens have up to 2048 bytes; what cannot stand in a header would fail far from here. The value is not shown. */
function tokenOf(given: string | undefined): string | undefined {
  const token = given?.trim();
  if (!token) return undefined;
  if (/^[\x21-\x7e]{1,8192}$/.test(token)) return token;
  throw new UsageError({
    code: 'ACCESS_TOKEN_INVALID',
    message: 'CLOUDSDK_AUTH_ACCESS_TOKEN holds something that is no access token.',
    hint: 'export CLOUDSDK_AUTH_ACCESS_TOKEN="$(gcloud auth print-access-token)", or unset it',
  });
}

function authoritiesOf(file: string | undefined): string[] {
  if (!file) return [];
  try {
    // A device such as /dev/full has no end, and would fill the memory.
    if (!statSync(file).isFile()) throw new Error('no regular file');
    return [readFileSync(file, 'utf8')];
  } catch (cause) {
    throw new UsageError({
      code: 'CA_FILE_UNREADABLE',
      message: `The file that NODE_EXTRA_CA_CERTS names cannot be read: ${file}`,
      hint: 'Name a PEM file with the certificates of your network, or unset NODE_EXTRA_CA_CERTS.',
      cause,
    });
  }
}
