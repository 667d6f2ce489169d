import type { UserError } from '../../errors.ts';
import { checkName, checkProjectId, checkRegion } from '../../settings/validators.ts';
import type { FoundDeployment } from '../../stack/found-deployments.ts';
import type { AnswersSoFar, Refinement, WizardQuestion } from '../../ui/ui.ts';
import { deploymentElsewhere } from '../open-deployment.ts';
import { tellStanding } from './found-settings.ts';
import type { QuestionParts } from './init-questions.ts';
import { regionChoices } from './regions.ts';

/** Where everything is made. */
export function projectQuestion({ settings, defaultProject, surroundings, looker, decided }: QuestionParts) {
  return {
    kind: 'search',
    flag: '--project',
    message: 'Google Cloud project id',
    why: 'Everything is made in this project and charged to its billing account. Type to search; any other id can be typed whole.',
    choices: surroundings.projects.map(({ projectId, displayName }) => ({
      value: projectId,
      label: displayName === projectId ? projectId : `${projectId} (${displayName})`,
    })),
    validate: checkProjectId,
    given: settings.project?.value ?? defaultProject,
    refine: async (): Promise<Refinement> => {
      const guess = surroundings.gcloud.project;
      return guess !== undefined && checkProjectId(guess) === true ? { default: guess } : {};
    },
    // Where little more is asked, what is done next looks at it anyway.
    look: async (project) => (decided ? undefined : (await looker.project(project)).problem),
  } satisfies WizardQuestion;
}

/** What everything is called. A deployment that stands already is told of, and gone on with. */
export function nameQuestion({ settings, ui, looker, decided }: QuestionParts) {
  const givenRegion = settings.region.from === 'default' ? undefined : settings.region.value;
  return {
    kind: 'text',
    flag: '--name',
    message: 'Name of the deployment',
    why: 'Every resource is named after it, so that a project can hold several; it costs nothing.',
    validate: checkName,
    default: 'mlflow',
    given: settings.name.from === 'default' ? undefined : settings.name.value,
    refine: async (answers): Promise<Refinement> => {
      const { deployments } = await looker.project(String(answers['project']));
      const [only, ...more] = deployments;
      if (only === undefined) return {};
      const names = deployments.map(({ name, region }) => `${name} (${region})`).join(', ');
      const why = `Every resource is named after it. In this project there is already: ${names}; another name makes another one.`;
      return more.length === 0 ? { why, default: only.name } : { why };
    },
    look: async (name, answers): Promise<UserError | undefined> => {
      if (decided) return undefined;
      const project = String(answers['project']);
      const found = await standing({ looker }, project, name);
      if (found === undefined) return undefined;
      if (givenRegion !== undefined && givenRegion !== found.region)
        return deploymentElsewhere({ name, region: givenRegion }, found.region);
      ui.preview([{ kind: 'text', text: tellStanding({ found, sizes: await looker.sizes(project, found) }) }]);
      return undefined;
    },
  } satisfies WizardQuestion;
}

/** Where it stands; a deployment that stands already stays where it is. */
export function regionQuestion({ settings, surroundings, looker }: QuestionParts) {
  return {
    kind: 'search',
    flag: '--region',
    message: 'Region',
    why: 'Server, database and files stand there: near to those who use them. Prices differ by up to 40 %. It cannot be changed later.',
    choices: regionChoices,
    validate: checkRegion,
    default: 'us-central1',
    given: settings.region.from === 'default' ? undefined : settings.region.value,
    refine: async (answers): Promise<Refinement> => {
      const found = await standing({ looker }, String(answers['project']), String(answers['name']));
      if (found !== undefined) return { given: found.region };
      const guess = surroundings.gcloud.region;
      return guess !== undefined && checkRegion(guess) === true ? { default: guess } : {};
    },
  } satisfies WizardQuestion;
}

/** The deployment of this name, if there is one in the project. */
export async function standing(
  { looker }: Pick<QuestionParts, 'looker'>,
  project: string,
  name: string,
): Promise<FoundDeployment | undefined> {
  const { deployments } = await looker.project(project);
  return deployments.find((one) => one.name === name);
}

/** What {@link standing} finds for the answers so far. */
export function standingOf(parts: Pick<QuestionParts, 'looker'>, answers: AnswersSoFar): Promise<FoundDeployment | undefined> {
  return standing(parts, String(answers['project']), String(answers['name']));
}
