import { rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { carryOut, emptyStage, type Scenario, type Trial } from './kill-scenarios.ts';
import { advance, DISTURBANCES, type Disturbance, undisturbed } from './kill-trial.ts';

// Every call of those commands that give others the rights of the accounts, and take them away again: `npm run test:kill`, or with a choice
// of its own: KILL_ONLY='init.*killed' npm run test:kill
const only = new RegExp(process.env['KILL_ONLY'] ?? '.*');
const PEOPLE = ['--impersonator', 'user:ada@example.com', '--credentials', 'key'];
const GIVE = ['init', '--yes', ...PEOPLE, '--ci', 'github', '--github-repo', 'octo-org/wine'];
const TAKE = ['destroy', '--yes'];

test('whatever becomes of any one call, others have the same rights in the end', { timeout: 7_200_000 }, async () => {
  const empty = await emptyStage();
  const made = await advance(empty, [['init', '--yes']]);
  const given = await advance(made, [GIVE]);
  // Pool and provider that were deleted are brought back.
  const taken = await advance(given, [TAKE]);
  try {
    const scenarios: Scenario[] = [];
    for (const [args, from] of [
      [GIVE, made],
      [TAKE, given],
      [GIVE, taken],
    ] as const) {
      const { calls, ends } = await undisturbed(from, args);
      expect(ends[1]).toEqual(ends[0]);
      scenarios.push({ args, from, calls, ends: [ends[0]] });
    }
    const trials: Trial[] = scenarios.flatMap((scenario) =>
      (Object.keys(DISTURBANCES) as Disturbance[]).flatMap((how) =>
        Array.from({ length: scenario.calls }, (_, nth) => ({ scenario, how, nth })),
      ),
    );
    const chosen = trials.filter(({ scenario, how, nth }) => only.test(`${scenario.args.join(' ')} ${how} ${nth}`));
    console.log(`${chosen.length} trials`);
    const [stalled, others] = [chosen.filter(({ how }) => how === 'stalled'), chosen.filter(({ how }) => how !== 'stalled')];
    expect([...(await carryOut(others, 3)), ...(await carryOut(stalled, 24))]).toEqual([]);
  } finally {
    const places = [empty, made, given, taken].map(({ data }) => path.dirname(data));
    await Promise.all(places.map((place) => rm(place, { recursive: true, force: true })));
  }
});
