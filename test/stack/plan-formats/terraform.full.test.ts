// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shells and Terraform write their references so.
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { terraformConfiguration } from '../../../src/stack/plan-formats/terraform.ts';
import { nothingToDo, planDocument } from './documents.ts';

const there = spawnSync('terraform', ['version']).status === 0;

test.skipIf(!there).each([{}, nothingToDo()])(
  'terraform fmt has nothing to change (skipped where terraform is missing)',
  (observed) => {
    const ci = { github: { repository: 'octo-org/wine' } };
    const credentials = { impersonators: ['user:ada@example.com', 'group:ml@example.com'] };
    const input = terraformConfiguration(planDocument({ username: 'a"${b}\\%{c}', ci, credentials }, observed));
    const { status, stdout } = spawnSync('terraform', ['fmt', '-check', '-diff', '-'], { input, encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  },
);
