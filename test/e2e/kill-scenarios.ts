import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { loadServices } from '../../src/local/simulator/services.ts';
import { startSimulator } from '../../src/local/simulator/simulator.ts';
import { lockedFolder } from '../support/project-folder.ts';
import { DISCOVERY_DIR } from '../support/simulator.ts';
import { advance, type Disturbance, type End, openWorld, type Stage, trial, undisturbed } from './kill-trial.ts';

const INIT = ['init', '--yes'];
/** With everything that can be had besides: a repository that was there before, a client certificate, a workflow's trust, a key. */
const REPOSITORY = 'images-of-the-team';
const INIT_ALL = [
  ...INIT,
  ...['--repository', REPOSITORY, '--require-client-cert'],
  ...['--ci', 'github', '--github-repo', 'acme/models', '--github-branch', 'main'],
  ...['--credentials', 'key', '--key-file', '../key.json'],
];
const INIT_MYSQL = [...INIT, '--database', 'mysql'];
const DEPLOY = ['deploy', '--with', 'api', '--no-check'];
const ROTATE = ['secrets', 'rotate', '--yes', '--no-check', '--grace', '0'];
const DESTROY = ['destroy', '--yes'];
const DESTROY_DATA = [...DESTROY, '--delete-data', '--confirm', 'mlflow'];

/** A command on what the commands before it left behind. */
export interface Scenario {
  args: string[];
  from: Stage;
  /** How many calls an undisturbed run makes. */
  calls: number;
  /** Where a disturbed run may end. */
  ends: End[];
}

/** Each command with its stage; what an undisturbed run of it asks and leaves is measured here. */
export async function scenarios(): Promise<{ list: Scenario[]; remove(): Promise<void> }> {
  const empty = await emptyStage();
  const made = await advance(empty, [INIT]);
  const deployed = await advance(made, [DEPLOY]);
  const shared = await withRepository(empty);
  const all = await advance(shared, [INIT_ALL]);
  const list: Scenario[] = [];
  for (const [args, from] of [
    [INIT, empty],
    [DEPLOY, made],
    [ROTATE, deployed],
    [DESTROY, deployed],
    [DESTROY_DATA, deployed],
    [INIT_ALL, shared],
    [INIT_MYSQL, empty],
    [DESTROY, all],
  ] as const) {
    const { calls, ends } = await undisturbed(from, args);
    // A rotation that was killed after its last write has nothing left to go on with, and is a second one when it is run again. Every
    // other command run once more changes nothing at all.
    const settles = args !== ROTATE;
    if (settles) expect(ends[1]).toEqual(ends[0]);
    list.push({ args, from, calls, ends: settles ? [ends[0]] : ends });
  }
  const places = [empty, made, deployed, shared, all].map(({ data }) => path.dirname(data));
  return {
    list,
    remove: async () => void (await Promise.all(places.map((place) => rm(place, { recursive: true, force: true })))),
  };
}

/** A new simulator's data folder, with project and authority, and a folder with a lock in it. */
export async function emptyStage(): Promise<Stage> {
  const place = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-kill-'));
  const data = path.join(place, 'data');
  const options = { port: 0, dataDir: data, discoveryDir: DISCOVERY_DIR, services: await loadServices() };
  await (await startSimulator(options)).stop();
  return { data, folder: await lockedFolder() };
}

/** A stage with an Artifact Registry repository of somebody else's in it. */
async function withRepository(from: Stage): Promise<Stage> {
  const world = await openWorld(from);
  try {
    const services = `https://serviceusage.googleapis.com/v1/projects/${world.project}/services/artifactregistry.googleapis.com:enable`;
    const made = `https://artifactregistry.googleapis.com/v1/projects/${world.project}/locations/us-central1/repositories?repositoryId=${REPOSITORY}`;
    await world.call('POST', services, {});
    await expect.poll(async () => (await world.call('POST', made, { format: 'DOCKER' })).status).toBe(200);
    return world.stage;
  } finally {
    await world.stop();
  }
}

export interface Trial {
  scenario: Scenario;
  how: Disturbance;
  nth: number;
}

/** Carries trials out, `atOnce` at a time, and returns a line for each that did not end as it should; begins no more once aborted. */
export async function carryOut(trials: Trial[], atOnce: number, signal?: AbortSignal): Promise<string[]> {
  const wrong: string[] = [];
  const waiting = [...trials];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && !signal?.aborted; next = waiting.shift()) {
      if (waiting.length > 0 && waiting.length % 100 === 0) console.log(`${waiting.length} trials to go`);
      const { scenario, how, nth } = next;
      const result = await trial(scenario.from, scenario.args, how, nth, scenario.ends);
      if (result.wrong === undefined) continue;
      const line = `${scenario.args.join(' ')}, call ${nth} (${result.call ?? 'not reached'}) ${how}: ${result.wrong}`;
      // All of them take an hour: what is wrong is told as it is found.
      console.log(line);
      wrong.push(line);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return wrong;
}
