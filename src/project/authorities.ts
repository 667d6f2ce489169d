import { getCACertificates } from 'node:tls';
import { cachedFile } from './cache-folder.ts';
import type { Environment } from './tool.ts';

// Of Python's requests, of OpenSSL and uv, of pip: each replaces the authorities of its program, so it has to name all of them.
const VARIABLES = ['REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE', 'PIP_CERT'];

/**
 * The user's environment, in which `NODE_EXTRA_CA_CERTS` and `NODE_USE_SYSTEM_CA=1` count for Python, pip and uv as they do for Node.js: a
 * file in `cache` then holds all authorities that this process trusts. Variables that the user has set themselves stay as they are.
 */
export async function withAuthorities(env: Environment, cache: string): Promise<Environment> {
  const unset = VARIABLES.filter((name) => !env[name]);
  const further = Boolean(env['NODE_EXTRA_CA_CERTS']) || env['NODE_USE_SYSTEM_CA'] === '1';
  if (!further || unset.length === 0) return env;
  const file = await cachedFile(cache, 'authorities.pem', `${getCACertificates('default').join('\n')}\n`);
  return { ...env, ...Object.fromEntries(unset.map((name) => [name, file])) };
}
