import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identifyProcess, isAlive } from '../../../src/local/runtime/process-identity.ts';
import { processRegister, runningProcesses } from '../../../src/local/runtime/process-register.ts';

describe('the register of what we started', () => {
  let folder: string;
  let child: ChildProcess;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mlflow-gcp-register-'));
    // With a child of its own, which ends with it.
    child = spawn('bash', ['-c', 'sleep 60 & wait'], { detached: true, stdio: 'ignore' });
  });
  afterEach(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('forgets a process that ended by itself', async () => {
    processRegister(folder).add(child, { title: 'a sleeper', stopSignal: 'SIGTERM' });
    expect(runningProcesses(folder)).toEqual(['a sleeper']);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('ends what another run has left, with all that it started', async () => {
    processRegister(folder).add(child, { title: 'a sleeper', stopSignal: 'SIGTERM' });
    const gone = once(child, 'exit');
    expect(await processRegister(folder).endStrays()).toEqual(['a sleeper']);
    await gone;
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leaves a process alone that only has the number of one of ours', async () => {
    processRegister(folder).add(child, { title: 'a sleeper', stopSignal: 'SIGTERM' });
    const [name = ''] = readdirSync(folder);
    const entry = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    writeFileSync(join(folder, name), JSON.stringify({ ...entry, startTime: 'another time' }));
    expect(runningProcesses(folder)).toEqual([]);
    expect(await processRegister(folder).endStrays()).toEqual([]);
    expect(isAlive(identifyProcess(child.pid ?? 0)!)).toBe(true);
  });

  it('is not confused by a file that a kill has cut off', async () => {
    writeFileSync(join(folder, '77.json'), '{"pid":77,"sta');
    expect(await processRegister(folder).endStrays()).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('knows no identity of a process that is not there', () => {
    expect(identifyProcess(2 ** 22 + 1)).toBeUndefined();
  });
});
