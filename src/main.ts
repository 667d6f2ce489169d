import { mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommanderError } from 'commander';
import packageFile from '../package.json' with { type: 'json' };
import { fromCommander, makeProgram, type ProgramParts } from './cli.ts';
import type { Deps } from './deps.ts';
import { cacheFolder } from './project/cache-folder.ts';
import { interruptible } from './signals.ts';

/** Runs the program in this process and returns its exit status. It never rejects and never ends the process itself. */
export async function main(process: NodeJS.Process, parts: Partial<ProgramParts> = {}): Promise<number> {
  const { signal, outputClosed, release } = interruptible(process);
  try {
    const status = await runProgram(process.argv.slice(2), dependencies(process, signal), parts);
    return outputClosed() && status !== 130 ? 0 : status;
  } finally {
    release();
  }
}

/** Runs one command line and returns its exit status; everything it reads and writes is in `deps`. */
export async function runProgram(args: string[], deps: Deps, parts: Partial<ProgramParts> = {}): Promise<number> {
  const commandLine = ['mlflow-gcp', ...args];
  let status = 0;
  const program = makeProgram(deps, {
    version: packageFile.version,
    run: async (spec, command, positional) => {
      keepCompiledCode(deps.env);
      const { runCommand } = await import('./commands/run-command.ts');
      status = await runCommand(spec, command, positional, deps, commandLine);
    },
    ...parts,
  });
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: 'user' });
    return status;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    const { reportThrown } = await import('./commands/report-thrown.ts');
    return reportThrown(fromCommander(thrown), args, deps, commandLine);
  }
}

/**
 * Has Node.js keep the machine code of what is loaded from here on: a third of the start-up is compiling Google's libraries. In a folder
 * of the user's own, never in the shared temporary one that is Node's default: whoever can write there can have his code run.
 * https://nodejs.org/api/module.html#module-compile-cache
 */
function keepCompiledCode(env: Deps['env']): void {
  const folder = path.join(cacheFolder(env), 'compiled');
  try {
    // Node.js would make the folders above it too, open to all, and secrets may come to lie beside the cache.
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch {
    // Without it the program starts more slowly; whoever needs the cache for more says what is wrong with it.
    return;
  }
  enableCompileCache(folder);
}

/** What the program takes from its process. `src/main.ts` and `dist/main.js` stand equally deep in the package. */
function dependencies(process: NodeJS.Process, signal: AbortSignal): Deps {
  const packageRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
  const { env, stdin, stdout, stderr, execPath } = process;
  return {
    env,
    cwd: process.cwd(),
    packageRoot,
    execPath,
    entryPoint: path.join(packageRoot, 'bin', 'mlflow-gcp.js'),
    stdin,
    stdout,
    stderr,
    signal,
    now: () => new Date(),
  };
}
