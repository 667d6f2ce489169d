import type { ClientSettings } from './client-settings.ts';
import { proveArtifact } from './server-artifact.ts';
import { checkServer, judgeAnswer, searchRequest } from './server-check.ts';
import { serverError } from './server-errors.ts';
import { askServer, type ServerRoute } from './server-request.ts';

export interface ProofOptions {
  /** MLflow's version that the server must have; undefined where none is known. */
  version: string | undefined;
  /** Size of the artifact that goes up and down, in MB; 0 for none. */
  artifactMb: number;
  progress(what: string): void;
}

/** One thing that held, and how long it took. */
export interface Proven {
  what: string;
  seconds: number;
}

/**
 * Proves from outside that a server is what was deployed: healthy, closed to those without credentials and open to those who have them,
 * of the right version, and able to take an artifact that is larger than one request of HTTP/1 may be on Cloud Run, and to give it back.
 * https://docs.cloud.google.com/run/quotas#request_limits. Throws the errors of `serverError`.
 */
export async function proveServer(settings: ClientSettings, route: ServerRoute, options: ProofOptions): Promise<Proven[]> {
  const { version, artifactMb } = options;
  const stranger = { trackingUri: settings.trackingUri };
  const checks: Array<[what: string, check: () => Promise<void>]> = [
    ['healthy', () => checkHealth(stranger, route)],
    ['closed without credentials', () => checkClosed(stranger, route)],
    ['open with them', () => checkServer(settings, route)],
  ];
  if (version !== undefined) checks.push([`MLflow ${version}`, () => checkVersion(settings, route, version)]);
  if (artifactMb > 0) checks.push([`${artifactMb} MB up and down`, () => proveArtifact(settings, route, artifactMb)]);
  const proven: Proven[] = [];
  for (const [what, check] of checks) {
    options.progress(what);
    const begun = performance.now();
    await check();
    proven.push({ what, seconds: Math.round(performance.now() - begun) / 1000 });
  }
  return proven;
}

async function checkHealth(stranger: ClientSettings, route: ServerRoute): Promise<void> {
  const { status, body } = await askServer(stranger, route, { method: 'GET', path: '/health' });
  // Everybody may ask this, so that a 401 says as much as any other word.
  if (status === 401) throw serverError('not_mlflow', `${stranger.trackingUri}/health wants credentials (401).`);
  if (status !== 200) judgeAnswer(stranger.trackingUri, { status, body });
}

async function checkClosed(stranger: ClientSettings, route: ServerRoute): Promise<void> {
  const answer = await askServer(stranger, route, searchRequest());
  if (answer.status === 401) return;
  judgeAnswer(stranger.trackingUri, answer);
  throw serverError('server_open', `${stranger.trackingUri} answers to anybody, without username and password.`);
}

async function checkVersion(settings: ClientSettings, route: ServerRoute, version: string): Promise<void> {
  const { status, body } = await askServer(settings, route, { method: 'GET', path: '/version' });
  const found = body.trim();
  if (status !== 200 || !/^\d[\w.+-]*$/.test(found))
    throw serverError('not_mlflow', `${settings.trackingUri}/version does not tell MLflow's version (${status}).`);
  if (found !== version)
    throw serverError('other_version', `${settings.trackingUri} runs MLflow ${found}, and uv.lock says ${version}.`);
}
