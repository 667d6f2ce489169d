import { homedir } from 'node:os';
import path from 'node:path';
import { UserError } from '../errors.ts';
import { loadServices } from '../local/simulator/services.ts';
import type { Simulator } from '../local/simulator/simulator.ts';
import { startSimulator } from '../local/simulator/simulator.ts';
import type { CommandResult } from '../ui/ui.ts';
import type { Context } from './command.ts';
import type { simulatorOptions } from './simulator.ts';

/** Runs the simulator until Ctrl-C. Its one line on stdout says where it is. */
export async function run(context: Context<typeof simulatorOptions>): Promise<CommandResult | undefined> {
  const { deps, ui, settings } = context;
  if (settings.dryRun) {
    const data = folderOf(context);
    return {
      data: { dryRun: true, data },
      show: [{ kind: 'text', text: `Would run the simulator and keep what it holds in ${data}.` }],
    };
  }
  const simulator = await start(context);
  const { port, ca, project } = simulator;
  deps.stdout.write(`${JSON.stringify({ port, ca, project: project.projectId, projectNumber: project.projectNumber })}\n`);
  ui.note(`The simulator answers at http://127.0.0.1:${port}. Ctrl-C ends it.`);
  await aborted(deps.signal);
  await simulator.stop();
  return undefined;
}

function folderOf({ deps, options }: Context<typeof simulatorOptions>): string {
  return options.data === undefined ? defaultFolder(deps.env) : path.resolve(deps.cwd, options.data);
}

async function start(context: Context<typeof simulatorOptions>): Promise<Simulator> {
  const { deps, ui, settings, options } = context;
  const named = settings.project?.from === '--project' ? settings.project.value : undefined;
  const dataDir = folderOf(context);
  try {
    return await startSimulator({
      port: options.port,
      dataDir,
      discoveryDir: path.join(deps.packageRoot, 'src/local/simulator/discovery'),
      services: await loadServices(),
      speed: options.speed,
      ...(named === undefined ? {} : { project: named }),
      onBug: (error) => ui.warn(`The simulator failed at a request: ${error instanceof Error ? error.stack : String(error)}`),
    });
  } catch (cause) {
    throw startFailure(cause, options.port, dataDir);
  }
}

/** What to say of a start that failed; anything unknown is returned as it is. */
export function startFailure(cause: unknown, port: number, dataDir: string): unknown {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE') {
    return new UserError({
      code: 'PORT_IN_USE',
      message: `Port ${port} of 127.0.0.1 is in use by another program.`,
      hint: 'Give another one with --port, or --port 0 for any free one.',
      cause,
    });
  }
  if (code === 'EACCES' && port > 0 && port < 1024) {
    return new UserError({
      code: 'PORT_NOT_ALLOWED',
      message: `Port ${port} may only be opened by the system's administrator.`,
      hint: 'Give a port from 1024 on with --port, or --port 0 for any free one.',
      cause,
    });
  }
  if (code === 'EACCES' || code === 'EROFS' || code === 'ENOSPC' || code === 'EPERM' || code === 'ENOTDIR' || code === 'EEXIST') {
    return new UserError({
      code: 'SIMULATOR_DATA_NOT_WRITABLE',
      message: `Nothing can be written to ${dataDir} (${code}).`,
      hint: 'Free some space or mend the permissions of that folder, or name another one with --data DIR.',
      cause,
    });
  }
  return cause;
}

/** https://specifications.freedesktop.org/basedir-spec/latest/ */
function defaultFolder(env: Readonly<Record<string, string | undefined>>): string {
  const own = env['MLFLOW_GCP_HOME'];
  if (own) return path.resolve(own, 'simulator-alone');
  const set = env['XDG_STATE_HOME'];
  const state = set && path.isAbsolute(set) ? set : path.join(env['HOME'] || homedir(), '.local', 'state');
  return path.join(state, 'mlflow-gcp', 'simulator-alone');
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
