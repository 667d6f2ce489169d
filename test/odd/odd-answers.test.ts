import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { checkUsername } from '../../src/commands/init/init-checks.ts';
import { checkName } from '../../src/settings/validators.ts';
import { chances } from '../support/chances.ts';
import { isRead, startCloud } from '../support/deployment.ts';
import { until } from '../support/program.ts';
import { keys, type Terminal } from '../support/pty.ts';
import { ALL_QUESTIONS, startWizard } from '../support/wizard.ts';
import { ODD_SEED, oddText } from './odd-texts.ts';

const ANSWERS = 10;
const clearLine = '\u0015';
/** What stands below a question whose answer was refused. */
const REFUSAL = /> (?:expected|a name may|that is)/g;

/** Odd texts that can be typed on a keyboard, and that are no good answer. */
function oddAnswers(chance: () => number, check: (text: string) => true | string): string[] {
  const found: string[] = [];
  while (found.length < ANSWERS) {
    const text = oddText(chance)
      .slice(0, 60)
      .replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
      .trim();
    // An empty line is the default.
    if (text !== '' && check(text) !== true) found.push(text);
  }
  return found;
}

async function isRefused(terminal: Terminal, answer: string): Promise<void> {
  const refusals = () => [...terminal.text().matchAll(REFUSAL)].length;
  const before = refusals();
  terminal.type(`${answer}${keys.enter}`);
  await until(`a refusal of ${JSON.stringify(answer)}`, () => refusals() > before, 60);
  terminal.type(clearLine);
}

test('odd answers to the questions of init are refused one by one, and a good one is still taken', async () => {
  const chance = chances(ODD_SEED);
  const checks: Record<string, (text: string) => true | string> = {
    name: checkName,
    minInstances: (text) => (/^\d+$/.test(text) && Number(text) <= 100) || 'no number',
    username: checkUsername,
  };
  const cloud = await startCloud();
  const terminal = await startWizard(cloud, { locked: true });
  for (const [question, stop] of Object.entries(ALL_QUESTIONS)) {
    await terminal.asks(stop.shows);
    const check = checks[question];
    if (check !== undefined) for (const answer of oddAnswers(chance, check)) await isRefused(terminal, answer);
    terminal.type(stop.type);
  }
  await terminal.asks('Make this?');
  terminal.type(`n${keys.enter}`);
  expect(await terminal.ended).toBe(1);
  expect(terminal.text()).toContain('Error (DECLINED)');
  expect(terminal.text()).not.toMatch(/\bat .*\.js:\d+/);
  expect((await readdir(terminal.folder)).sort()).toEqual(['.mlflow-gcp', 'uv.lock']);
  expect((await cloud.requests()).filter((request) => !isRead(request))).toEqual([]);
}, 600_000);
