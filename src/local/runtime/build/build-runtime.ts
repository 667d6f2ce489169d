import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BuildFailed, type BuildRequest, type BuildRuntime } from '../../runtime-port.ts';
import { readJson, writeJson } from '../files.ts';
import { unpackSource } from './archive.ts';
import { compileSources, type EnvironmentOptions, lockedEnvironment } from './environment.ts';

/** What is on disk beside the sources of a finished build. Its presence says that the build is whole. */
interface BuildRecord {
  digest: `sha256:${string}`;
  image: string;
  /** Name of the Python environment; undefined when the source has no pyproject.toml. */
  environment?: string;
}

/** A build that can be run. */
export interface Build {
  /** Holds the sources: the working folder of the container. */
  source: string;
  /** Folders that come first on PATH. */
  path: string[];
}

export interface LocalBuildRuntime extends BuildRuntime {
  find(digest: string): Build | undefined;
}

export interface BuildOptions {
  folder: string;
  environments: EnvironmentOptions;
  /** Digests that revisions run, which must stay. */
  inUse(): Set<string>;
}

const KEPT_BUILDS = 5;

/**
 * Cloud Build's stand-in: the sources in a folder named by their content and the environment of their lock. The Dockerfile is not run:
 * what it does for the rendered project, installing the lock and copying the sources, is done here on this machine. One build at a time.
 */
export function buildRuntime(options: BuildOptions): LocalBuildRuntime {
  let last: Promise<unknown> = Promise.resolve();
  const find = (digest: string) => findBuild(options, digest);
  return {
    build(request) {
      const result = last.then(
        () => build(request, options),
        () => build(request, options),
      );
      last = result;
      return result;
    },
    has: async (digest) => find(digest) !== undefined,
    find,
  };
}

function findBuild({ folder, environments }: BuildOptions, digest: string): Build | undefined {
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) return undefined;
  const place = placeOf(folder, digest);
  const record = readJson<BuildRecord>(join(place, 'build.json'));
  if (record === undefined) return undefined;
  return {
    source: join(place, 'source'),
    path: record.environment === undefined ? [] : [join(environments.folder, record.environment, 'bin')],
  };
}

function placeOf(folder: string, digest: string): string {
  return join(folder, digest.slice('sha256:'.length));
}

async function build(request: BuildRequest, options: BuildOptions): Promise<{ digest: `sha256:${string}` }> {
  request.signal.throwIfAborted();
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const staging = await mkdtemp(join(options.folder, 'new-'));
  try {
    const source = join(staging, 'source');
    await mkdir(source);
    const content = await unpackSource(request.source, source, request.signal);
    const dockerfile = await readDockerfile(source, request.dockerfile);
    const digest = `sha256:${createHash('sha256')
      .update(JSON.stringify([content, request.dockerfile]))
      .digest('hex')}` as const;
    if (findBuild(options, digest) === undefined) await finish(digest, { staging, source, dockerfile }, request, options);
    else request.log('Nothing in the source has changed: the image is there already.');
    request.log(`DONE ${request.image}@${digest}`);
    await prune(options, digest);
    return { digest };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function readDockerfile(source: string, name: string): Promise<string> {
  const inside = join(source, name || 'Dockerfile');
  if (!inside.startsWith(source)) throw new BuildFailed(`The Dockerfile ${name} lies outside of the source.`);
  return readFile(inside, 'utf8').catch((cause: unknown) => {
    throw new BuildFailed(`The source has no ${name || 'Dockerfile'}.`, { cause });
  });
}

interface Unpacked {
  staging: string;
  source: string;
  dockerfile: string;
}

async function finish(
  digest: `sha256:${string}`,
  { staging, source, dockerfile }: Unpacked,
  request: BuildRequest,
  options: BuildOptions,
): Promise<void> {
  const wanted = /^FROM\s+(?:--\S+\s+)*(\S*python:\S+)/im.exec(dockerfile)?.[1];
  if (wanted !== undefined) request.log(`The image is based on ${wanted}; here this machine’s own Python stands in for it.`);
  const place = placeOf(options.folder, digest);
  const record: BuildRecord = { digest, image: request.image };
  if (await exists(join(source, 'pyproject.toml'))) {
    record.environment = await lockedEnvironment(source, options.environments, request.log, request.signal);
  } else {
    request.log('The source has no pyproject.toml: nothing is installed.');
  }
  // Without its record this is what a kill left of an earlier try.
  await rm(place, { recursive: true, force: true });
  await rename(staging, place);
  if (record.environment !== undefined)
    await compileSources(join(options.environments.folder, record.environment), join(place, 'source'));
  writeJson(join(place, 'build.json'), record);
}

/** Keeps the newest builds and those in use, and the environments that these need. */
async function prune({ folder, environments, inUse }: BuildOptions, newest: string): Promise<void> {
  const used = inUse();
  const builds = (await readdir(folder)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  const dated = await Promise.all(builds.map(async (name) => ({ name, time: (await stat(join(folder, name))).mtimeMs })));
  dated.sort((a, b) => b.time - a.time);
  const kept = dated.filter(({ name }, at) => at < KEPT_BUILDS || `sha256:${name}` === newest || used.has(`sha256:${name}`));
  const needed = new Set(kept.map(({ name }) => readJson<BuildRecord>(join(folder, name, 'build.json'))?.environment));
  for (const { name } of dated) {
    if (!kept.some((build) => build.name === name)) await rm(join(folder, name), { recursive: true, force: true });
  }
  for (const name of (await exists(environments.folder)) ? await readdir(environments.folder) : []) {
    if (!needed.has(name)) await rm(join(environments.folder, name), { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
