import type { Config } from '../../project/config-schema.ts';
import type { DatabaseEngine } from '../../project/database-engines.ts';
import type { GithubRemote } from '../../project/git.ts';
import type { OptionValues } from '../../settings/option.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Course, Ui, WizardQuestion } from '../../ui/ui.ts';
import type { initOptions } from '../init.ts';
import { checkGithubRepository } from './access-checks.ts';
import { databaseQuestion, engineNamed } from './database-choice.ts';
import type { Standing } from './found-settings.ts';
import { checkUsername } from './init-checks.ts';
import { overruled, PROFILES, type Profile } from './init-profiles.ts';
import type { Surroundings } from './look-ahead.ts';
import { nameQuestion, projectQuestion, regionQuestion, standingOf } from './place-questions.ts';
import type { ProjectLooker } from './project-look.ts';
import { availabilityQuestion, minInstancesQuestion, profileQuestion, tierQuestion } from './size-questions.ts';

/** What the questions are made from. */
export interface QuestionParts {
  ui: Ui;
  settings: Settings;
  options: OptionValues<typeof initOptions>;
  config: Config;
  /** The project that the target itself has. */
  defaultProject: string | undefined;
  surroundings: Surroundings;
  looker: ProjectLooker;
  /** The repository that the folder is pushed to, where it matters. */
  remote: GithubRemote | undefined;
  /** Whether mlflow-gcp.yaml describes the deployment already. */
  decided: boolean;
}

export interface InitAnswers {
  project: string;
  region: string;
  name: string;
  /** Undefined: none was chosen, the sizes are asked for one by one or taken from mlflow-gcp.yaml. */
  profile: Profile | undefined;
  /** Undefined: as mlflow-gcp.yaml says, or what is usual. */
  database: DatabaseEngine | undefined;
  /** Undefined, as the other sizes: as the profile says. */
  tier: string | undefined;
  availability: Config['database']['availability'] | undefined;
  minInstances: number | undefined;
  /** The repository whose workflow may deploy; undefined: none, or as the file says. */
  githubRepo: string | undefined;
  /** Undefined: what is in Secret Manager stays, or `mlflow` for a new deployment. */
  username: string | undefined;
  /** A deployment that stands already and is gone on with; found only where a person is asked. */
  standing: Standing | undefined;
}

/** Asks what flags, environment and mlflow-gcp.yaml leave open. Called again with the same `course`, it goes back to the last question. */
export async function askInit(parts: QuestionParts, course: Course): Promise<InitAnswers> {
  const { ui, options, config, looker, decided } = parts;
  const answers = await ui.ask.all(
    {
      project: projectQuestion(parts),
      name: nameQuestion(parts),
      region: regionQuestion(parts),
      profile: profileQuestion(parts),
      database: databaseQuestion(parts),
      tier: tierQuestion(parts),
      availability: availabilityQuestion(parts),
      minInstances: minInstancesQuestion(parts),
      username: usernameQuestion(parts),
      githubRepo: githubRepoQuestion(parts),
    },
    { agreesLater: true, course },
  );
  const { project, region, name, tier, username } = answers;
  // A default that nobody chose decides nothing: what stands is gone on with, and without it the sizes are those of demo anyway.
  const chose = isAttended(parts) || options.profile !== undefined;
  const profile = chose ? PROFILES.find((known) => known === answers.profile) : undefined;
  const others = decided && profile !== undefined ? overruled(config, profile) : [];
  if (others.length > 0) ui.warn(`mlflow-gcp.yaml wins over --profile ${profile}: ${others.join(', ')}.`);
  // Where nobody is asked nothing was looked at; where there is a file, it says what should be, and what stands is brought in line.
  const found = isAttended(parts) && !decided ? await standingOf(parts, answers) : undefined;
  const { availability, minInstances, githubRepo } = answers;
  return {
    project,
    region,
    name,
    profile,
    database: engineNamed(answers.database),
    tier,
    availability: availability === 'ZONAL' || availability === 'REGIONAL' ? availability : undefined,
    minInstances: minInstances === undefined ? undefined : Number(minInstances),
    githubRepo,
    // 'mlflow' is what a new deployment gets anyway; said aloud it would rename the user of one that exists.
    username: options.username ?? (username === 'mlflow' ? undefined : username),
    standing: found && { found, sizes: await looker.sizes(project, found) },
  };
}

/** Whether a person follows what is asked and found. */
export function isAttended({ ui, settings }: Pick<QuestionParts, 'ui' | 'settings'>): boolean {
  return ui.interactive && !settings.yes;
}

function usernameQuestion(parts: QuestionParts) {
  const { options, decided } = parts;
  return {
    kind: 'text',
    flag: '--username',
    message: 'User name for MLflow clients',
    why: 'The password is made up and kept in Secret Manager; --password-file gives one of your own.',
    validate: checkUsername,
    default: 'mlflow',
    // A deployment that is described already keeps the name that is in its secret.
    when: () => options.username === undefined && !decided,
    refine: async (answers) => ((await standingOf(parts, answers)) === undefined ? {} : { given: 'mlflow' }),
  } satisfies WizardQuestion;
}

function githubRepoQuestion({ options, config, remote }: QuestionParts) {
  return {
    kind: 'text',
    flag: '--github-repo',
    message: 'Repository on GitHub that deploys (OWNER/NAME)',
    why: 'Workflows of this repository, and of no other, may deploy; it costs nothing.',
    validate: checkGithubRepository,
    given: options.githubRepo ?? config.ci.github?.repository,
    ...(remote !== undefined && { default: remote.repository }),
    when: () => options.ci === 'github' || (options.githubRepo !== undefined && config.ci.github !== undefined),
  } satisfies WizardQuestion;
}
