import type { Deps } from '../deps.ts';
import { envName, flagName } from '../settings/names.ts';
import { toFailure } from '../ui/failure.ts';
import { decideModes, type UiFlags } from '../ui/modes.ts';
import { reportFailure } from '../ui/report.ts';

/**
 * Reports what ended the program and returns the exit status. It may be that the command line could not even be read, so the few
 * flags that decide the form are looked for by themselves.
 */
export async function reportThrown(thrown: unknown, args: string[], deps: Deps, commandLine: string[]): Promise<number> {
  const failure = toFailure(thrown, deps.signal, commandLine);
  const modes = decideModes(flagsOf(args, deps.env), deps);
  try {
    await reportFailure(failure, deps, modes);
  } catch {
    // stdout cannot be written to (a full disk): stderr is what is left.
    await reportFailure(failure, deps, { ...modes, json: false, form: 'plain' });
  }
  return failure.status;
}

function flagsOf(args: string[], env: Deps['env']): UiFlags {
  const end = args.indexOf('--');
  const flags = new Set(end === -1 ? args : args.slice(0, end));
  const on = (key: string) =>
    flags.has(flagName(key)) || ['1', 'true', 'yes'].includes((env[envName(key)] ?? '').trim().toLowerCase());
  return {
    json: on('json'),
    quiet: on('quiet'),
    verbose: on('verbose'),
    noColor: on('noColor'),
    noInput: on('noInput'),
    yes: on('yes'),
    dryRun: on('dryRun'),
  };
}
