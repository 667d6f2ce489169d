import type { Target } from './target.ts';

/**
 * The real Google Cloud, as the environment says to reach it: `HTTPS_PROXY` (or `https_proxy`, `ALL_PROXY`, `all_proxy`), `NO_PROXY`,
 * `NODE_EXTRA_CA_CERTS`, `CLOUDSDK_AUTH_ACCESS_TOKEN`. Throws a UsageError where one of them cannot be used.
 */
export function cloudTarget(env: Readonly<Record<string, string | undefined>>): Target {
  throw new Error(JSON.stringify(env));
}
