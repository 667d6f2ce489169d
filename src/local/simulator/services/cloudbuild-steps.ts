import type { JsonObject } from '../service.ts';

/** What a `docker build` step builds. */
export interface DockerBuild {
  tags: string[];
  /** Path of the Dockerfile inside the source. */
  dockerfile: string;
}
export interface StepPlan {
  builds: DockerBuild[];
  /** Why a step cannot be run, with its number. */
  refused?: { step: number; reason: string };
}

const BUILDER = /^(?:gcr\.io\/cloud-builders\/docker|(?:docker\.io\/library\/|mirror\.gcr\.io\/library\/)?docker)(?:[:@].*)?$/;
/** Flags of `docker build` that are followed by a value. */
const WITH_VALUE = new Set([
  '--build-arg',
  '--build-context',
  '--cache-from',
  '--cache-to',
  '--iidfile',
  '--label',
  '--network',
  '--output',
  '-o',
  '--platform',
  '--progress',
  '--secret',
  '--target',
]);

/** Reads the steps of a build. Docker's builder is the one there is here. */
export function planSteps(steps: JsonObject[]): StepPlan {
  const builds: DockerBuild[] = [];
  for (const [step, { name, args, entrypoint, dir }] of steps.entries()) {
    if (!BUILDER.test(String(name)) || (entrypoint !== undefined && entrypoint !== 'docker')) {
      return {
        builds,
        refused: { step, reason: `The builder ${entrypoint ?? name} cannot be run by the simulator: only docker can.` },
      };
    }
    const list = Array.isArray(args) ? args.map(String) : [];
    const command = list[0] === 'buildx' ? list.slice(1) : list;
    if (command[0] === 'push' || command[0] === 'pull' || command[0] === 'tag') continue;
    if (command[0] !== 'build')
      return { builds, refused: { step, reason: `docker ${command[0] ?? ''}: only docker build can be run by the simulator.` } };
    builds.push(readBuild(command.slice(1), String(dir ?? '')));
  }
  return { builds };
}

function readBuild(args: string[], dir: string): DockerBuild {
  const tags: string[] = [];
  let file: string | undefined;
  let context = '.';
  for (let at = 0; at < args.length; at++) {
    const [flag = '', joined] = splitFlag(args[at] ?? '');
    const value = () => joined ?? args[++at] ?? '';
    if (flag === '-t' || flag === '--tag') tags.push(value());
    else if (flag === '-f' || flag === '--file') file = value();
    else if (WITH_VALUE.has(flag)) value();
    else if (!flag.startsWith('-')) context = flag;
  }
  return { tags, dockerfile: joinPath(dir, file ?? joinPath(context, 'Dockerfile')) };
}

function splitFlag(arg: string): [string, string?] {
  const at = arg.startsWith('--') ? arg.indexOf('=') : -1;
  return at < 0 ? [arg] : [arg.slice(0, at), arg.slice(at + 1)];
}

function joinPath(folder: string, path: string): string {
  return [...folder.split('/'), ...path.split('/')]
    .filter((part) => part !== '' && part !== '.' && part !== 'workspace')
    .join('/');
}
