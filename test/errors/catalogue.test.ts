import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentedErrors } from '../../scripts/docs-errors.ts';
import { type Outcome, packageRoot, runChild, temporaryFolder } from '../support/program.ts';
import { lockedFolder } from '../support/project-folder.ts';
import { keys, onTerminal } from '../support/pty.ts';
import { deploymentScenarios, folderScenarios } from './deployment-scenarios.ts';
import { googleScenarios } from './google-scenarios.ts';
import { keyScenarios } from './key-scenarios.ts';
import { localScenarios } from './local-scenarios.ts';
import { networkScenarios } from './network-scenarios.ts';
import { openStage, type Stage } from './scenario.ts';
import { serverScenarios } from './server-scenarios.ts';
import { systemScenarios } from './system-scenarios.ts';
import { usageScenarios } from './usage-scenarios.ts';

const catalogue = documentedErrors();
const scenarios = [
  ...usageScenarios,
  ...googleScenarios,
  ...networkScenarios,
  ...systemScenarios,
  ...localScenarios,
  ...keyScenarios,
  ...serverScenarios,
  ...folderScenarios,
];

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.simulator.remove());

/** A hint as the documentation has it, its left-out values standing for anything. */
function pattern(hint: string): RegExp {
  const parts = hint.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^]*')}$`);
}

function isToldAsDocumented(code: string, { status, stdout, stderr }: Outcome): void {
  const { ok, error } = JSON.parse(stdout);
  expect({ ok, code: error?.code }, `${code}: ${stdout}${stderr}`).toEqual({ ok: false, code });
  expect(error.message).toMatch(/\S/);
  expect(error.hint).toMatch(/\S/);
  expect(stderr).not.toMatch(/^\s+at .*:\d+/m);
  const documented = catalogue.find((one) => one.code === code);
  expect(documented?.status, code).toBe(status);
  // Commander has hints of its own where something is near.
  const isOurs = documented !== undefined && !documented.files.includes('cli.ts');
  if (isOurs && documented.hint !== '') expect(error.hint).toMatch(pattern(documented.hint));
}

describe('an error of the catalogue', () => {
  it.each(scenarios.map((one) => [one.code, one] as const))('%s is told as it is documented', async (code, scenario) => {
    isToldAsDocumented(code, await scenario.run(stage));
  });

  it('of a deployment that is there is told as it is documented', async () => {
    const own = await openStage();
    const folder = await lockedFolder();
    const made = await runChild(['init', '--yes', '--json'], { env: own.env, cwd: folder });
    expect(made.status, made.stdout).toBe(0);
    try {
      for (const { code, run } of deploymentScenarios) isToldAsDocumented(code, await run({ ...own, folder }));
    } finally {
      await own.simulator.stop();
    }
  }, 400_000);

  it('RESET_DECLINED is told as it is documented', async () => {
    const pty = onTerminal(['local', 'reset'], { env: { MLFLOW_GCP_HOME: path.join(temporaryFolder(), 'home') } });
    await pty.shows('Delete everything of the local target');
    pty.type(`n${keys.enter}`);
    expect(await pty.ended).toBe(1);
    expect(pty.text()).toContain('Error (RESET_DECLINED)');
    expect(pty.text()).toContain('Next: To agree beforehand: mlflow-gcp local reset --yes');
  });
});

describe('the catalogue', () => {
  it('has no code that no test brings about', () => {
    const brought = new Set([...scenarios, ...deploymentScenarios].map(({ code }) => code));
    const missing = catalogue.map(({ code }) => code).filter((code) => !brought.has(code));
    const elsewhere = testsOfTheProgram();
    expect(missing.filter((code) => !elsewhere.some((text) => expectsCode(text, code)))).toEqual([]);
  });

  it('has every code that a scenario is for', () => {
    const known = new Set(catalogue.map(({ code }) => code));
    expect([...scenarios, ...deploymentScenarios].map(({ code }) => code).filter((code) => !known.has(code))).toEqual([]);
  });
});

/** The tests that look at the program from outside of the simulator: its services answer with codes of the same names. */
function testsOfTheProgram(): string[] {
  const folder = path.join(packageRoot, 'test');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && !/^(?:simulator|clients\/(?!skaffold))/.test(name))
    .map((name) => readFileSync(path.join(folder, name), 'utf8'));
}

/** Whether an expectation names the code: as the value of `code`, in a list of cases, or as the text that is looked for. */
function expectsCode(text: string, code: string): boolean {
  return new RegExp(
    `code: '${code}'|\\.toBe\\('${code}'\\)|toContain\\('${code}'\\)|Error \\(${code}\\)|[\\[,] '${code}'\\s*[,\\]]`,
  ).test(text);
}
