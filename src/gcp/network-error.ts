import type { ErrorFacts } from '../errors.ts';
import { GoogleError } from './errors.ts';
import type { GoogleFailure } from './failure.ts';

/** Codes of OpenSSL, as Node.js passes them on, for a certificate that nobody we trust has signed, or that is not for this host. */
const UNTRUSTED = [
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'ERR_TLS_CERT_ALTNAME_INVALID',
];

export interface NetworkContext {
  method: string;
  url: URL;
  proxy: URL | undefined;
}

/** The code of what broke, found in the error or in what caused it: ECONNRESET, ENOTFOUND, … */
export function networkCode(error: unknown): string | undefined {
  for (let current = error, depth = 0; current instanceof Error && depth < 8; current = current.cause, depth++) {
    const code = (current as { code?: unknown }).code;
    if (typeof code === 'string' && code !== '') return code;
  }
  return undefined;
}

/** A request that got no answer, as an error for people. */
export function networkError(error: unknown, context: NetworkContext): GoogleError {
  const code = networkCode(error) ?? 'UNKNOWN';
  const failure: GoogleFailure = {
    status: 0,
    rpcStatus: '',
    reasons: [code],
    metadata: {},
    violations: [],
    message: error instanceof Error ? error.message : String(error),
    method: context.method,
    url: `${context.url.origin}${context.url.pathname}`,
  };
  return new GoogleError({ ...factsFor(code, failure.message, context), cause: error }, failure);
}

function factsFor(code: string, message: string, { url, proxy }: NetworkContext): ErrorFacts {
  const host = url.hostname;
  const via = proxy === undefined ? '' : ` through the proxy ${proxy.host}`;
  if (UNTRUSTED.includes(code)) {
    return {
      code: 'TLS_UNTRUSTED',
      message: `The certificate that ${host} shows${via} is not one that this machine trusts (${code}). Networks that look into traffic show their own.`,
      hint: 'Have the authority of your network as a PEM file and run: export NODE_EXTRA_CA_CERTS=/path/to/authority.pem (or NODE_USE_SYSTEM_CA=1 where the system trusts it)',
      docs: 'https://nodejs.org/api/cli.html#node_extra_ca_certsfile',
    };
  }
  if (code.startsWith('ERR_SSL') || code === 'EPROTO') {
    return {
      code: 'TLS_FAILED',
      message: `No TLS connection to ${host}${via} came about (${code}).`,
      hint:
        proxy === undefined
          ? 'Something between here and Google speaks another protocol: check the network.'
          : 'Check HTTPS_PROXY: is it http:// where you wrote https://?',
    };
  }
  if (code === 'PROXY_REFUSED') {
    return {
      code: 'PROXY_REFUSED',
      message: `The proxy ${proxy?.host ?? ''} does not let this program reach ${host}: ${message}.`,
      hint: 'Put user and password into HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT), ask for access to *.googleapis.com, or name hosts in NO_PROXY.',
    };
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return {
      code: 'HOST_NOT_FOUND',
      message: `The name ${proxy?.hostname ?? host} cannot be looked up (${code}).`,
      hint: proxy === undefined ? 'Check the network; behind a proxy, set HTTPS_PROXY.' : 'Check the proxy in HTTPS_PROXY.',
    };
  }
  if (code === 'ECONNREFUSED') {
    return {
      code: 'CONNECTION_REFUSED',
      message: `Nothing answers at ${proxy?.host ?? url.host}.`,
      hint:
        proxy === undefined
          ? 'Check the network; behind a proxy, set HTTPS_PROXY.'
          : 'Check that the proxy runs (HTTPS_PROXY); for the local target: mlflow-gcp local start',
    };
  }
  const timedOut = code === 'REQUEST_TIMEOUT' || code === 'ETIMEDOUT';
  return {
    code: timedOut ? 'REQUEST_TIMEOUT' : 'NETWORK',
    message: timedOut
      ? `${host} did not answer in time${via}.`
      : `The connection to ${host}${via} broke (${code}${code === 'UNKNOWN' ? `: ${message}` : ''}).`,
    hint: 'Check the network and run the same command again: it goes on from what is there.',
  };
}
