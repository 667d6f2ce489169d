import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Programs that the product starts, or may start. */
const PROGRAMS = ['python3', 'uv', 'git', 'gcloud', 'skaffold', 'npm', 'sh', 'bash', 'psql', 'openssl'];

/** What was passed to programs on their command lines, where every user of the machine can read it. */
export interface CommandLines {
  /** To be put first on the PATH: programs of the same names, which note their arguments and become the real ones. */
  bin: string;
  /** All lines so far: those of the programs above, and of any process that was seen in passing. */
  all(): Promise<string[]>;
  stop(): void;
}

export async function watchCommandLines(folder: string): Promise<CommandLines> {
  const bin = path.join(folder, 'bin');
  const log = path.join(folder, 'command-lines');
  await mkdir(bin);
  await writeFile(log, '');
  for (const name of PROGRAMS) {
    const real = whereIs(name);
    if (real === undefined) continue;
    const script = `#!/bin/sh\nprintf '%s\\n' "$0 $*" >> '${log}'\nexec '${real}' "$@"\n`;
    await writeFile(path.join(bin, name), script);
    await chmod(path.join(bin, name), 0o755);
  }
  const seen = new Set<string>();
  const timer = setInterval(() => passing().forEach((line) => void seen.add(line)), 50);
  return {
    bin,
    all: async () => [...(await readFile(log, 'utf8')).split('\n').filter((line) => line !== ''), ...seen],
    stop: () => clearInterval(timer),
  };
}

function whereIs(name: string): string | undefined {
  try {
    return execFileSync('/bin/sh', ['-c', `command -v ${name}`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}

/** The command lines of all processes at this moment; none where the system has no /proc. */
function passing(): string[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(commandLine);
  } catch {
    return [];
  }
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}
