// biome-ignore-all lint/suspicious/noTemplateCurlyInString: GitHub writes its expressions so.
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { renderWorkflow } from '../../src/project/github-workflow.ts';
import { packageRoot, temporaryFolder } from '../support/program.ts';

const TEMPLATES = path.join(packageRoot, 'src/templates/ci');
const PARTS = {
  name: 'mlflow',
  project: 'my-project-1',
  branch: 'release/1.x',
  deployAccount: 'mlflow-deploy@my-project-1.iam.gserviceaccount.com',
  provider: 'projects/1/locations/global/workloadIdentityPools/github-mlflow/providers/github',
  version: '1.2.3',
};
/** What GitHub knows, as far as it is used. https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax */
const KEYS = {
  workflow: ['name', 'on', 'concurrency', 'permissions', 'jobs'],
  job: ['runs-on', 'timeout-minutes', 'defaults', 'steps'],
  step: ['uses', 'with', 'run'],
};

async function rendered(dir: string) {
  const file = await renderWorkflow(TEMPLATES, dir, PARTS);
  const document = parseDocument(file.content, { version: '1.2' });
  expect([...document.errors, ...document.warnings]).toEqual([]);
  return { file, workflow: document.toJS() };
}

test('the workflow is one that GitHub takes', async () => {
  const { workflow } = await rendered(temporaryFolder());
  const { jobs } = workflow;
  expect(Object.keys(workflow).filter((key) => !KEYS.workflow.includes(key))).toEqual([]);
  expect(Object.keys(jobs)).toEqual(['deploy']);
  expect(Object.keys(jobs.deploy).filter((key) => !KEYS.job.includes(key))).toEqual([]);
  const { steps } = jobs.deploy;
  expect(steps.flatMap((step: object) => Object.keys(step)).filter((key: string) => !KEYS.step.includes(key))).toEqual([]);
  // Each step either runs something or uses an action, at a major version.
  expect(steps.map(({ uses, run }: { uses?: string; run?: string }) => uses ?? run)).toEqual([
    'actions/checkout@v7',
    'google-github-actions/auth@v3',
    'actions/setup-node@v7',
    'npx --yes mlflow-gcp@1.2.3 deploy --with api --yes --no-input',
  ]);
  // Nothing may be written to the repository, and a token is to be had.
  expect(workflow.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
  expect(workflow.on).toEqual({
    push: { branches: ['release/1.x'], paths: ['**', '.github/workflows/deploy-mlflow.yml'] },
    workflow_dispatch: null,
  });
  expect(workflow.concurrency).toEqual({ group: 'mlflow-gcp-my-project-1-mlflow', 'cancel-in-progress': false });
  expect(steps[1].with).toEqual({
    project_id: PARTS.project,
    workload_identity_provider: PARTS.provider,
    service_account: PARTS.deployAccount,
  });
  // No value of somebody else's gets into a command.
  expect(JSON.stringify(workflow)).not.toContain('${{');
  const { node } = JSON.parse(await readFile(path.join(packageRoot, 'package.json'), 'utf8')).engines;
  expect(Number.parseInt(steps[2].with['node-version'], 10)).toBeGreaterThanOrEqual(Number(/\d+/.exec(node)?.[0]));
});

test.each([
  ['', '.', '**', '.github/workflows/deploy-mlflow.yml'],
  ['server', 'server', 'server/**', '../.github/workflows/deploy-mlflow.yml'],
  ["ml/it's [1] server*", "ml/it's [1] server*", "ml/it's \\[1\\] server\\*/**", '../../.github/workflows/deploy-mlflow.yml'],
])('of a folder at %j of a repository it is at the root, and works in the folder', async (place, folder, pattern, file) => {
  const root = temporaryFolder();
  await mkdir(path.join(root, '.git'));
  await mkdir(path.join(root, place), { recursive: true });
  const found = await rendered(path.join(root, place));
  expect(found.file.path).toBe(file);
  expect(found.workflow.jobs.deploy.defaults.run['working-directory']).toBe(folder);
  expect(found.workflow.on.push.paths).toEqual([pattern, '.github/workflows/deploy-mlflow.yml']);
});
