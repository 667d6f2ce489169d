import { expect, test } from 'vitest';
import { carryOut, scenarios, type Trial } from './kill-scenarios.ts';
import { DISTURBANCES, type Disturbance } from './kill-trial.ts';

// Every call of every command, disturbed in every way: some four thousand runs. `npm run test:kill`, or with a choice of its own:
// KILL_ONLY='init.*killed' npm run test:kill
const only = new RegExp(process.env['KILL_ONLY'] ?? '.*');

test('whatever becomes of any one call, the same end', { timeout: 14_400_000 }, async () => {
  const { list, remove } = await scenarios();
  try {
    const trials: Trial[] = list.flatMap((scenario) =>
      (Object.keys(DISTURBANCES) as Disturbance[]).flatMap((how) =>
        Array.from({ length: scenario.calls }, (_, nth) => ({ scenario, how, nth })),
      ),
    );
    const chosen = trials.filter(({ scenario, how, nth }) => only.test(`${scenario.args.join(' ')} ${how} ${nth}`));
    console.log(`${chosen.length} trials`);
    // Those that stall wait for a minute each and need nothing meanwhile.
    const [stalled, others] = [chosen.filter(({ how }) => how === 'stalled'), chosen.filter(({ how }) => how !== 'stalled')];
    const wrong = [...(await carryOut(others, 3)), ...(await carryOut(stalled, 24))];
    expect(wrong).toEqual([]);
  } finally {
    await remove();
  }
});
