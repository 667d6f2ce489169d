import { access, realpath } from 'node:fs/promises';
import path from 'node:path';
import { GITHUB_REPOSITORY } from './name-rules.ts';
import { type Environment, runTool } from './tool.ts';

const ASK_SECONDS = 10;

/**
 * The root of the git work tree that a path is in, symbolic links followed, or undefined. The path itself need not be there. Git itself is
 * not needed: a work tree has a `.git`, a folder or, of a linked one, a file. https://git-scm.com/docs/gitrepository-layout
 */
export async function workTreeRoot(place: string): Promise<string | undefined> {
  for (let folder = await realPlace(path.resolve(place)); ; folder = path.dirname(folder)) {
    if (await exists(path.join(folder, '.git'))) return folder;
    if (folder === path.dirname(folder)) return undefined;
  }
}

/** What git knows of where the folder is pushed to. */
export interface GithubRemote {
  /** `OWNER/NAME`. */
  repository: string;
  /** The branch that a clone checks out; undefined where git does not know. */
  branch: string | undefined;
}

/** The repository on github.com that the folder's `origin` is; undefined where there is no git, no such remote, or another host. */
export async function githubRemote(folder: string, env: Environment, signal: AbortSignal): Promise<GithubRemote | undefined> {
  const root = await workTreeRoot(folder);
  if (root === undefined) return undefined;
  const ask = async (...args: string[]): Promise<string | undefined> => {
    const result = await runTool('git', ['-C', root, ...args], { env, signal, timeoutSeconds: ASK_SECONDS });
    return result.ok ? result.stdout.trim() : undefined;
  };
  const repository = repositoryOfRemote((await ask('remote', 'get-url', 'origin')) ?? '');
  if (repository === undefined) return undefined;
  const head = await ask('symbolic-ref', '--short', 'refs/remotes/origin/HEAD');
  return { repository, branch: head?.replace(/^origin\//, '') };
}

/** `OWNER/NAME` of the address of a repository on github.com, in any form that git takes. https://git-scm.com/docs/git-clone#_git_urls */
export function repositoryOfRemote(address: string): string | undefined {
  const [, found] =
    /^(?:https?:\/\/(?:[^@/]*@)?|ssh:\/\/git@|git:\/\/|git@)(?:ssh\.)?github\.com(?::\d+)?[:/]\/?(.+)$/i.exec(address) ?? [];
  const repository = found?.replace(/\/$/, '').replace(/\.git$/, '');
  return repository !== undefined && GITHUB_REPOSITORY.test(repository) ? repository : undefined;
}

/** The absolute path without symbolic links, as far as it is there. */
export async function realPlace(place: string): Promise<string> {
  for (let folder = place; ; folder = path.dirname(folder)) {
    const real = await realpath(folder).catch(() => undefined);
    if (real !== undefined) return path.resolve(real, path.relative(folder, place));
    if (folder === path.dirname(folder)) return place;
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
