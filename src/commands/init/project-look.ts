import type { UserError } from '../../errors.ts';
import type { Google } from '../../gcp/google.ts';
import { type FoundDeployment, findDeployments, findServiceSizes, type ServiceSizes } from '../../stack/found-deployments.ts';
import { settle } from '../../stack/settle.ts';
import type { Ui } from '../../ui/ui.ts';
import { projectProblem } from '../open-deployment.ts';

export interface SeenProject {
  /** Why nothing can be made in it. */
  problem: UserError | undefined;
  deployments: FoundDeployment[];
}

/** Looks at what people choose, while they are still choosing. */
export interface ProjectLooker {
  /** Whether it can be used, and what stands in it. Looks again after a problem: it may be mended meanwhile. */
  project(project: string): Promise<SeenProject>;
  /** The sizes of a server that is deployed already. */
  sizes(project: string, found: FoundDeployment): Promise<ServiceSizes | undefined>;
}

/** A looker that shows its looks as steps, and looks at each thing once. */
export function makeProjectLooker(ui: Ui, google: Google): ProjectLooker {
  const projects = new Map<string, Promise<SeenProject>>();
  const sizes = new Map<string, Promise<ServiceSizes | undefined>>();
  return {
    async project(project) {
      const known = projects.get(project);
      const looking = known ?? ui.step(`Look at project ${project}`, () => look(google, project));
      projects.set(project, looking);
      const seen = await looking;
      if (seen.problem !== undefined) projects.delete(project);
      return seen;
    },
    sizes(project, { name, region }) {
      const key = `${project} ${region} ${name}`;
      const looking = sizes.get(key) ?? findServiceSizes(google, { project, region, name });
      sizes.set(key, looking);
      return looking;
    },
  };
}

async function look(google: Google, project: string): Promise<SeenProject> {
  await google.chargeTo(project);
  const deployments = findDeployments(google, { project }).catch((error: Error) => error);
  const [problem, found] = await settle([projectProblem(google, project), deployments]);
  // In a project that is not there, or not for us, every other look is refused as well.
  if (problem !== undefined) return { problem, deployments: [] };
  if (found instanceof Error) throw found;
  return { problem, deployments: found };
}
