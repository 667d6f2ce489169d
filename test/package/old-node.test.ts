import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { builtProgram } from '../support/program.ts';

/** The machine's own Node.js, where it is older than what the program needs. */
function oldNode(): string | undefined {
  for (const file of ['/usr/bin/node', '/usr/local/bin/node']) {
    try {
      const major = Number(/^v(\d+)/.exec(execFileSync(file, ['--version'], { encoding: 'utf8' }))?.[1]);
      if (major < 22) return file;
    } catch {
      // There is none.
    }
  }
  return undefined;
}
const node = oldNode();

describe('with a Node.js that is too old', () => {
  it.skipIf(node === undefined)('says which is needed, and how to get it', () => {
    const { status, stdout, stderr } = spawnSync(node ?? '', [builtProgram, '--version'], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^mlflow-gcp needs Node\.js 22\.22 or newer; this is \d+\.\d+\.\d+ \(.*node\)\.\n/);
    expect(stderr).toContain('npx -p node@24 -p mlflow-gcp mlflow-gcp');
    expect(stderr).not.toContain('    at ');
  });
});
