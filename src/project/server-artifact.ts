import { createHash, randomBytes } from 'node:crypto';
import type { ClientSettings } from './client-settings.ts';
import { judgeAnswer, reasonOf } from './server-check.ts';
import { serverError } from './server-errors.ts';
import { askServer, type ServerRoute } from './server-request.ts';

const ARTIFACTS = '/api/2.0/mlflow-artifacts/artifacts';
/** Beside the experiments, whose folders are numbers. */
const FOLDER = 'mlflow-gcp-check';
const MB = 1_000_000;
/** What a check has left behind that was killed is taken away by another one, this much later. */
const LEFT_BEHIND_MS = 60 * 60_000;

/**
 * Sends an artifact of this many MB up and down and compares the two; it is deleted again. Throws the errors of `serverError`.
 * https://mlflow.org/docs/latest/self-hosting/architecture/artifact-store/
 */
export async function proveArtifact(settings: ClientSettings, route: ServerRoute, megabytes: number): Promise<void> {
  await removeLeftBehind(settings, route);
  const path = `${ARTIFACTS}/${FOLDER}/${Date.now()}-${randomBytes(4).toString('hex')}.bin`;
  const block = randomBytes(MB);
  const chunks = (): Buffer[] => Array.from({ length: megabytes }, () => block);
  try {
    const body = { length: megabytes * MB, chunks };
    const headers = { 'content-type': 'application/octet-stream' };
    const stored = await askServer(settings, route, { method: 'PUT', path, headers, body });
    if (stored.status !== 200) throw refused(settings, `does not take an artifact of ${megabytes} MB`, stored);
    await compare(settings, route, path, sha256(chunks()));
  } finally {
    await askServer(settings, route, { method: 'DELETE', path }).catch(() => undefined);
  }
}

async function compare(settings: ClientSettings, route: ServerRoute, path: string, wanted: string): Promise<void> {
  const hash = createHash('sha256');
  const onChunk = (chunk: Buffer): void => void hash.update(chunk);
  const answer = await askServer(settings, route, { method: 'GET', path, onChunk });
  if (answer.status !== 200) throw refused(settings, 'does not give an artifact back that it took', answer);
  if (hash.digest('hex') !== wanted)
    throw serverError('server_error', `${settings.trackingUri} gave back another artifact than it took.`);
}

async function removeLeftBehind(settings: ClientSettings, route: ServerRoute): Promise<void> {
  const { status, body } = await askServer(settings, route, { method: 'GET', path: `${ARTIFACTS}?path=${FOLDER}` });
  if (status !== 200) return;
  const { files = [] } = JSON.parse(body) as { files?: Array<{ path: string }> };
  for (const { path } of files) {
    const made = Number(/(?:^|\/)(\d+)-[0-9a-f]{8}\.bin$/.exec(path)?.[1]);
    if (!(Date.now() - made > LEFT_BEHIND_MS)) continue;
    await askServer(settings, route, { method: 'DELETE', path: `${ARTIFACTS}/${FOLDER}/${path.split('/').at(-1)}` });
  }
}

function refused(settings: ClientSettings, what: string, answer: { status: number; body: string }): Error {
  // Credentials and the way there have been checked by now, so that anything else is about the artifact.
  if ([401, 407].includes(answer.status)) judgeAnswer(settings.trackingUri, answer);
  return serverError('server_error', `${settings.trackingUri} ${what} (${answer.status}).${reasonOf(answer.body)}`);
}

function sha256(chunks: Buffer[]): string {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}
