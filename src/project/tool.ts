import { InterruptedError } from '../errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ToolOptions {
  /** The whole environment of the child: nothing of our own process is added. */
  env: Environment;
  cwd?: string;
  signal?: AbortSignal;
  timeoutSeconds?: number;
  /** Called with each line of stderr as it comes. */
  onLine?: (line: string) => void;
}

export interface ToolResult {
  /** Ended by itself with status 0. */
  ok: boolean;
  /** There is no such program, or it may not be run. */
  missing: boolean;
  timedOut: boolean;
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program to its end, without a shell and without input, and tells how it went: a failure is a result, not an exception.
 * Throws {@link InterruptedError} when `signal` is aborted; the child is then asked to stop, and killed after five seconds.
 */
export async function runTool(file: string, args: string[], options: ToolOptions): Promise<ToolResult> {
  const { execa } = await import('execa');
  const child = execa(file, args, {
    env: definedOnly(options.env),
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.timeoutSeconds === undefined ? {} : { timeout: options.timeoutSeconds * 1000 }),
  });
  const { onLine } = options;
  if (onLine) child.stderr.setEncoding('utf8').on('data', splitter(onLine));
  const result = await child;
  if (result.isCanceled) {
    throw new InterruptedError({
      message: `Interrupted while ${file} was running.`,
      hint: 'Run the same command again to go on.',
    });
  }
  const code = (result as { code?: string }).code;
  return {
    ok: result.exitCode === 0 && !result.failed,
    missing: code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR' || code === 'ENOEXEC',
    timedOut: result.timedOut,
    exitCode: result.exitCode,
    stdout: result.stdout,
    stderr: result.stderr,
  };
}

/** The last `count` lines that say something. */
export function lastLines(text: string, count: number): string {
  const lines = text.split('\n').map((line) => line.trimEnd());
  return lines
    .filter((line) => line !== '')
    .slice(-count)
    .join('\n');
}

/** Variables without a value are left out: Node would hand them over as the text "undefined". */
export function definedOnly(env: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function splitter(onLine: (line: string) => void): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  };
}
