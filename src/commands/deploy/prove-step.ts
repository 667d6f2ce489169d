import type { Google } from '../../gcp/google.ts';
import type { ClientSettings } from '../../project/client-settings.ts';
import { type Proven, proveServer } from '../../project/server-proof.ts';
import type { Context } from '../command.ts';

/** More than Cloud Run lets through in one request to a server without HTTP/2: 32 MiB. */
const ARTIFACT_MB = 40;

export interface CheckChoice {
  noCheck: boolean;
  quickCheck: boolean;
}

/** Checks the server from outside, as a step, as far as is wanted. `version`: of MLflow, where the server must have a certain one. */
export async function proveStep(
  { ui, deps }: Pick<Context, 'ui' | 'deps'>,
  { target }: Google,
  client: ClientSettings,
  { noCheck, quickCheck, version }: CheckChoice & { version?: string | undefined },
): Promise<Proven[]> {
  if (noCheck) return [];
  const proxyFor = (host: string) => target.proxyFor(host);
  const route = { proxyFor, authorities: target.authorities, signal: deps.signal };
  const artifactMb = quickCheck ? 0 : ARTIFACT_MB;
  return ui.step(
    'Check the server from outside',
    (step) => proveServer(client, route, { version, artifactMb, progress: step.progress }),
    { outcome: (proven) => proven.map(({ what }) => what).join(', ') },
  );
}
