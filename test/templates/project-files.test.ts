import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type RenderedFile, renderProject } from '../../src/project/render.ts';
import { TOKENS } from './support/tokens.ts';

const TEMPLATES = path.join(import.meta.dirname, '../../src/templates');

let files: Map<string, RenderedFile>;
const content = (name: string) => files.get(name)?.content ?? expect.fail(`${name} is not rendered`);

beforeAll(async () => {
  const rendered = await renderProject(path.join(TEMPLATES, 'project'), TOKENS);
  files = new Map(rendered.map((file) => [file.path, file]));
});

it('is the folder that is promised', () => {
  for (const name of [
    'Dockerfile',
    '.dockerignore',
    '.gitignore',
    'skaffold.yaml',
    'deploy/production/service.yaml',
    'entry-point.sh',
  ]) {
    expect([...files.keys()]).toContain(name);
  }
  for (const name of ['pyproject.toml', 'app/__init__.py', 'app/mlflow_auth.py', 'README.md'])
    expect([...files.keys()]).toContain(name);
  expect([...files.values()].filter((file) => file.executable).map((file) => file.path)).toEqual(['entry-point.sh']);
});

it('documents every token it takes, and no other', async () => {
  const sources = path.join(TEMPLATES, 'project');
  const entries = await readdir(sources, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    entries.filter((entry) => entry.isFile()).map((entry) => readFile(path.join(entry.parentPath, entry.name), 'utf8')),
  );
  const used = new Set([...texts.join('\n').matchAll(/\{\{ ([\w.]+) \}\}/g)].map((match) => match[1]));
  const documentation = await readFile(path.join(TEMPLATES, 'tokens.md'), 'utf8');
  const rows = documentation.split('\n').filter((line) => line.startsWith('| `'));
  const documented = new Set(
    rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([\w.]+)`/g)].map((match) => match[1])),
  );
  expect([...used].sort()).toEqual([...documented].sort());
  expect([...used].sort()).toEqual(Object.keys(TOKENS).sort());
});

describe('service.yaml', () => {
  const service = () => parse(content('deploy/production/service.yaml'));
  const container = () => service().spec.template.spec.containers[0];

  it('is a Cloud Run service with text for every annotation and label', () => {
    const { apiVersion, kind, metadata, spec } = service();
    expect([apiVersion, kind, metadata.name]).toEqual(['serving.knative.dev/v1', 'Service', 'mlflow']);
    const texts = [metadata, spec.template.metadata].flatMap((part) => [
      ...Object.values(part.annotations),
      ...Object.values(part.labels),
    ]);
    expect(texts.filter((value) => typeof value !== 'string')).toEqual([]);
    expect(metadata.annotations['run.googleapis.com/invoker-iam-disabled']).toBe('true');
    expect(metadata.annotations['run.googleapis.com/ingress']).toBe('all');
    expect(spec.template.metadata.annotations['run.googleapis.com/cloudsql-instances']).toBe(TOKENS['sqlInstance']);
    expect(spec.template.spec.serviceAccountName).toBe(TOKENS['serviceAccount']);
  });

  it('takes all five secrets, each at its pinned version', () => {
    const secrets = container().env.flatMap((variable: { valueFrom?: { secretKeyRef: { name: string; key: string } } }) =>
      variable.valueFrom ? [variable.valueFrom.secretKeyRef] : [],
    );
    expect(secrets).toEqual([
      { name: 'mlflow_artifact_url', key: '1' },
      { name: 'mlflow_database_url', key: '2' },
      { name: 'mlflow_tracking_username', key: '3' },
      { name: 'mlflow_tracking_password', key: '4' },
      { name: 'mlflow_tracking_url', key: '5' },
    ]);
  });

  it('names exactly the variables that the server reads', async () => {
    const settings = content('app/settings.py');
    for (const { name } of container().env as { name: string }[]) expect(settings, name).toContain(`"${name}"`);
  });

  it('speaks HTTP/2 to the container and waits for it as long as Cloud Run allows', () => {
    expect(container().ports).toEqual([{ name: 'h2c', containerPort: 8080 }]);
    const { httpGet, periodSeconds, timeoutSeconds, failureThreshold } = container().startupProbe;
    expect(httpGet).toEqual({ path: '/health', port: 8080 });
    expect(timeoutSeconds).toBeLessThan(periodSeconds);
    expect(periodSeconds * failureThreshold).toBe(240);
  });
});

describe('skaffold.yaml', () => {
  it('builds where the deployment is, with an account of its own, and deploys the service of its profile', () => {
    const skaffold = parse(content('skaffold.yaml'));
    const { googleCloudBuild, artifacts, tagPolicy } = skaffold.build;
    expect(googleCloudBuild).toMatchObject({ projectId: 'example-project-1', region: 'europe-west1', logging: 'GCS_ONLY' });
    expect(googleCloudBuild.serviceAccount).toBe(`projects/example-project-1/serviceAccounts/${TOKENS['buildServiceAccount']}`);
    expect(tagPolicy).toEqual({ inputDigest: {} });
    const [image] = parse(content('deploy/production/service.yaml')).spec.template.spec.containers;
    // skaffold puts the digest where the names are equal to the letter.
    expect(artifacts[0].image).toBe(image.image);
    expect(skaffold.profiles).toEqual([{ name: 'production', manifests: { rawYaml: ['deploy/production/service.yaml'] } }]);
  });
});

describe('Dockerfile', () => {
  const instructions = () =>
    content('Dockerfile')
      .replace(/\\\n\s*/g, '')
      .split('\n')
      .filter((line) => line && !line.startsWith('#'));

  it('copies only what .dockerignore lets in', () => {
    const allowed = content('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'));
    const copied = instructions()
      .filter((line) => line.startsWith('COPY '))
      .flatMap((line) => line.split(' ').slice(1, -1));
    expect(copied.sort()).toEqual(['app', 'entry-point.sh', 'pyproject.toml', 'uv.lock']);
    for (const name of copied) expect(allowed).toContain(`!${name}`);
  });

  it('installs the packages before it copies the code, and runs as a user without rights', () => {
    const lines = instructions();
    const at = (start: string) => lines.findIndex((line) => line.startsWith(start));
    expect(at('RUN uv sync --locked --no-dev --compile-bytecode')).toBeGreaterThan(at('COPY pyproject.toml uv.lock'));
    expect(at('COPY app')).toBeGreaterThan(at('RUN uv sync'));
    expect(at('USER mlflow')).toBeGreaterThan(at('RUN useradd'));
    expect(at('ENTRYPOINT')).toBeGreaterThan(at('USER mlflow'));
    expect(lines[0]).toMatch(/^FROM mirror\.gcr\.io\/library\/python:3\.1\d-slim$/);
  });
});

describe('entry-point.sh', () => {
  it('is correct bash, stops at the first fault and hands its process over', () => {
    const script = content('entry-point.sh');
    expect(() => execFileSync('bash', ['-n'], { input: script })).not.toThrow();
    expect(script).toContain('set -euo pipefail');
    expect(script.trim().split('\n').at(-1)).toBe('exec python -m app.server');
    const code = script.split('\n').filter((line) => !line.startsWith('#'));
    expect(code.join('\n')).not.toMatch(/(^|[\s"'])\/\w/);
  });
});

describe('pyproject.toml', () => {
  it('pins every package that it names, and MLflow with its parts at one version', () => {
    const manifest = content('pyproject.toml');
    const pins = new Map([...manifest.matchAll(/^ {2}"([a-z0-9-]+)==([^"]+)",$/gm)].map((match) => [match[1], match[2]]));
    const wanted = [...manifest.matchAll(/^ {2}"([a-z0-9-]+)(?:==[^"]+)?",$/gm)].map((match) => match[1]);
    for (const name of wanted) expect(pins.has(name), name).toBe(true);
    expect(pins.size).toBeGreaterThan(80);
    for (const part of ['mlflow', 'mlflow-skinny', 'mlflow-tracing']) expect(pins.get(part)).toBe('3.17.2');
  });
});

it('holds no absolute path of a machine, no secret and no package index', () => {
  for (const file of files.values()) {
    expect(file.content, file.path).not.toMatch(/\/(home|root|tmp|Users|work)\//);
    expect(file.content, file.path).not.toMatch(/BEGIN [A-Z ]*PRIVATE KEY|index-url/);
  }
});
