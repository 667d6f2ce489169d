import { readdirSync, readFileSync } from 'node:fs';

const MIB = 1024;

/** Proportional set size of a process and all below it, in MiB: pages shared by several count in parts. Linux only. */
export function treePss(pid: number): number {
  return tree(pid).reduce((sum, process) => sum + field(process, 'Pss'), 0) / MIB;
}

/** The part of it that is the processes' own and not the cache of a file. */
export function treeAnonymous(pid: number): number {
  return tree(pid).reduce((sum, process) => sum + field(process, 'Pss_Anon'), 0) / MIB;
}

/** The highest `treeAnonymous` while `work` runs, looked at every 50 ms. */
export async function peakDuring(pid: number, work: () => Promise<unknown>): Promise<number> {
  let peak = treeAnonymous(pid);
  const timer = setInterval(() => {
    peak = Math.max(peak, treeAnonymous(pid));
  }, 50);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return peak;
}

function tree(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const fields = read(`/proc/${name}/stat`)
      .replace(/^.*\) /s, '')
      .split(' ');
    parents.set(Number(name), Number(fields[1]));
  }
  const found = [root];
  for (const process of found) found.push(...[...parents].filter(([, parent]) => parent === process).map(([child]) => child));
  return found;
}

function field(pid: number, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // The process ended in the meantime.
    return '';
  }
}
