import type { Readable, Writable } from 'node:stream';

/** What the program gets from the process it runs in. Made once, in `main`, and handed down: nothing else reads `process`. */
export interface Deps {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** Absolute path of the installed package: holds `src/templates` and `package.json`. */
  packageRoot: string;
  /** Absolute path of the Node.js executable, and of our own entry point, for background processes. */
  execPath: string;
  entryPoint: string;
  stdin: Readable & { isTTY?: boolean };
  stdout: Writable & { isTTY?: boolean; columns?: number };
  stderr: Writable & { isTTY?: boolean; columns?: number };
  /** Aborted by Ctrl-C; every wait takes it. */
  signal: AbortSignal;
  now(): Date;
}
