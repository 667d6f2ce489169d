import type { Deps } from '../deps.ts';

/** The flags that decide how the program asks and shows. */
export interface UiFlags {
  json: boolean;
  quiet: boolean;
  verbose: boolean;
  noColor: boolean;
  noInput: boolean;
  yes: boolean;
  dryRun: boolean;
}

/** How the program asks and shows, once flags, environment and streams are known. */
export interface Modes extends UiFlags {
  form: 'terminal' | 'plain' | 'json';
  interactive: boolean;
  /** Whether these streams get colours. */
  color: { stdout: boolean; stderr: boolean };
}

type Streams = Pick<Deps, 'env' | 'stdin' | 'stdout' | 'stderr'>;

/** Decides form, colours (https://no-color.org) and whether a person can be asked. */
export function decideModes(flags: UiFlags, { env, stdin, stdout, stderr }: Streams): Modes {
  const ci = isSet(env['CI']) && !['0', 'false'].includes(env['CI'] ?? '');
  const dumb = env['TERM'] === 'dumb';
  const moving = stderr.isTTY === true && !ci && !dumb;
  return {
    ...flags,
    form: flags.json ? 'json' : moving ? 'terminal' : 'plain',
    interactive: stdin.isTTY === true && moving && !flags.noInput && !flags.json,
    color: { stdout: colored(stdout), stderr: colored(stderr) },
  };

  function colored(stream: { isTTY?: boolean }): boolean {
    if (flags.noColor || isSet(env['NO_COLOR'])) return false;
    if (isSet(env['FORCE_COLOR'])) return !['0', 'false'].includes(env['FORCE_COLOR'] ?? '');
    return stream.isTTY === true && !dumb;
  }
}

function isSet(text: string | undefined): boolean {
  return text !== undefined && text !== '';
}
