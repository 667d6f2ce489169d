import { UserError } from '../errors.ts';
import { type Environment, lastLines, runTool } from './tool.ts';

/** The first whose schema is v4beta13, which skaffold.yaml is written in. */
const OLDEST = [2, 15] as const;
const ASK_SECONDS = 20;

/** `skaffold` where it is on PATH and new enough. */
export async function findSkaffold(env: Environment, signal: AbortSignal): Promise<string | undefined> {
  const result = await runTool('skaffold', ['version', '--output', 'v{{.Version}}'], {
    env,
    signal,
    timeoutSeconds: ASK_SECONDS,
  });
  const [, major, minor] = /v(\d+)\.(\d+)/.exec(result.stdout) ?? [];
  if (!result.ok || major === undefined) return undefined;
  const newEnough = Number(major) > OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) >= OLDEST[1]);
  return newEnough ? 'skaffold' : undefined;
}

export interface SkaffoldRun {
  skaffold: string;
  folder: string;
  env: Environment;
  signal: AbortSignal;
  onLine(line: string): void;
}

/**
 * `skaffold run -p production` in the project folder. Skaffold looks at the machine's Kubernetes context even for Cloud Run, so it is
 * given none. Throws SKAFFOLD_FAILED with its last lines. https://skaffold.dev/docs/deployers/cloudrun/
 */
export async function runSkaffold({ skaffold, folder, env, signal, onLine }: SkaffoldRun): Promise<void> {
  const args = [
    'run',
    '--profile=production',
    '--interactive=false',
    '--update-check=false',
    '--check-cluster-node-platforms=false',
    '--detect-minikube=false',
    '--status-check=true',
  ];
  const result = await runTool(skaffold, args, {
    env: { ...env, KUBECONFIG: '/dev/null', SKAFFOLD_INTERACTIVE: 'false' },
    cwd: folder,
    signal,
    onLine,
  });
  if (result.ok) return;
  throw new UserError({
    code: 'SKAFFOLD_FAILED',
    message: `skaffold ended with status ${result.exitCode ?? 'unknown'}:\n${lastLines(`${result.stdout}\n${result.stderr}`, 12)}`,
    hint: 'Mend what it says and run mlflow-gcp deploy again, or go without skaffold: mlflow-gcp deploy --with api',
    docs: 'https://skaffold.dev/docs/',
  });
}
