import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { realPlace, workTreeRoot } from './git.ts';
import { fill, type RenderedFile } from './render.ts';

const TEMPLATE = 'github-deploy.yml';

/** What the workflow is for. */
export interface WorkflowParts {
  name: string;
  project: string;
  branch: string;
  /** Email of the service account that it deploys as. */
  deployAccount: string;
  /** `projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/ID`. */
  provider: string;
  /** The version of this program that is to deploy. */
  version: string;
}

/**
 * The workflow that deploys the project folder, with its place relative to that folder: GitHub reads workflows at the root of a repository
 * alone. Without a git work tree around it, the folder itself is taken for the root.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
 */
export async function renderWorkflow(templates: string, dir: string, parts: WorkflowParts): Promise<RenderedFile> {
  const root = (await workTreeRoot(dir)) ?? dir;
  const place = slashed(path.relative(root, await realPlace(dir)));
  const file = `.github/workflows/deploy-${parts.name}.yml`;
  const text = await readFile(path.join(templates, TEMPLATE), 'utf8');
  const patterns = [place === '' ? '**' : `${literal(place)}/**`, file];
  const tokens = {
    ...parts,
    folder: quoted(place === '' ? '.' : place),
    paths: patterns.map((pattern) => `      - '${quoted(pattern)}'`).join('\n'),
  };
  return { path: slashed(path.relative(dir, path.join(root, file))), content: fill(text, tokens, TEMPLATE), executable: false };
}

function slashed(place: string): string {
  return place.split(path.sep).join('/');
}

/** Inside of single quotes YAML takes everything as it stands, but for the quote itself. https://yaml.org/spec/1.2.2/#732-single-quoted-style */
function quoted(text: string): string {
  return text.replaceAll("'", "''");
}

/** The signs that GitHub's path filters take for patterns, as themselves. */
function literal(place: string): string {
  return place.replaceAll(/[*?+[\]!\\]/g, '\\$&');
}
