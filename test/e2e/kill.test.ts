import { expect, test } from 'vitest';
import { chances } from '../support/chances.ts';
import { startCloud } from '../support/deployment.ts';
import { carryOut, scenarios, type Trial } from './kill-scenarios.ts';
import { comparable } from './kill-state.ts';
import { DISTURBANCES, type Disturbance } from './kill-trial.ts';

// A sample, as long as it takes; every call in every way by `npm run test:kill`. The same one each time, so that a change is
// judged by itself. Another one: KILL_SEED=… npx vitest run --project default test/e2e/kill.test.ts
const SEED = Number(process.env['KILL_SEED'] ?? 1);
const SAMPLE = 16;
const LONGEST_MS = 40_000;

test('killed or disturbed at any call, the same command comes to the same end (a sample)', { timeout: 600_000 }, async () => {
  const chance = chances(SEED);
  const { list, remove } = await scenarios();
  try {
    const hows = (Object.keys(DISTURBANCES) as Disturbance[]).filter((how) => how !== 'stalled');
    const trials = Array.from({ length: SAMPLE }, (_, index): Trial => {
      const scenario = list[index % list.length] as Trial['scenario'];
      // Every second one is killed.
      const how = hows[
        Math.floor(index / list.length) % 2 === 0 ? Math.floor(chance() * 2) : 2 + Math.floor(chance() * (hows.length - 2))
      ] as Disturbance;
      return { scenario, how, nth: Math.floor(chance() * scenario.calls) };
    });
    expect(await carryOut(trials, 2, AbortSignal.timeout(LONGEST_MS))).toEqual([]);
  } finally {
    await remove();
  }
});

test('two runs of init at once do no harm, and come to the end of one', { timeout: 400_000 }, async () => {
  const [alone, both] = [await startCloud(), await startCloud()];
  expect((await alone.run('init', '--yes', '--quiet')).status).toBe(0);
  const [first, second] = await Promise.all([both.run('init', '--yes', '--json'), both.run('init', '--yes', '--json')]);
  expect([first, second].map(({ status, stdout }) => `${status} ${stdout.slice(0, 400)}`)).toEqual([
    expect.stringMatching(/^0 /),
    expect.stringMatching(/^0 /),
  ]);
  const state = async ({ simulator }: typeof both) => {
    const { body } = await simulator.control('GET', '/_simulator/state');
    return JSON.parse(JSON.stringify(comparable(body)).replaceAll(simulator.project.projectNumber, 'NUMBER'));
  };
  expect(await state(both)).toEqual(await state(alone));
  const again = JSON.parse((await both.run('init', '--yes', '--json')).stdout);
  expect(again.resources.filter(({ outcome }: { outcome: string }) => outcome !== 'unchanged')).toEqual([]);
});
