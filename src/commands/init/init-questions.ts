import type { Config } from '../../project/config-schema.ts';
import type { OptionValues } from '../../settings/option.ts';
import type { Settings } from '../../settings/settings.ts';
import { checkName, checkProjectId, checkRegion } from '../../settings/validators.ts';
import type { Ui } from '../../ui/ui.ts';
import type { initOptions } from '../init.ts';
import { checkUsername } from './init-checks.ts';
import { overruled, PROFILE_TEXTS, PROFILES, type Profile, priceOf, withProfile } from './init-profiles.ts';

export interface InitAnswers {
  project: string;
  region: string;
  name: string;
  /** Undefined: none was chosen, the sizes are asked for one by one or taken from mlflow-gcp.yaml. */
  profile: Profile | undefined;
  /** Undefined: as the profile says. */
  tier: string | undefined;
  /** Undefined: what is in Secret Manager stays, or `mlflow` for a new deployment. */
  username: string | undefined;
}

/** Asks what flags, environment and mlflow-gcp.yaml leave open. `defaultProject`: the one that the target itself has. */
export async function askInit(
  ui: Ui,
  {
    settings,
    options,
    config,
    defaultProject,
  }: { settings: Settings; options: OptionValues<typeof initOptions>; config: Config; defaultProject: string | undefined },
): Promise<InitAnswers> {
  const decided = settings.file !== undefined;
  const answers = await ui.ask.all(
    {
      project: {
        kind: 'text',
        flag: '--project',
        message: 'Google Cloud project id',
        why: 'Everything is made in this project and charged to its billing account.',
        validate: checkProjectId,
        given: settings.project?.value ?? defaultProject,
      },
      region: {
        kind: 'text',
        flag: '--region',
        message: 'Region',
        why: 'Where the server, its database and its files stand; near to those who use them. It cannot be changed later.',
        validate: checkRegion,
        default: 'us-central1',
        given: settings.region.from === 'default' ? undefined : settings.region.value,
      },
      name: {
        kind: 'text',
        flag: '--name',
        message: 'Name of the deployment',
        why: 'Every resource is named after it, so that a project can hold several.',
        validate: checkName,
        default: 'mlflow',
        given: settings.name.from === 'default' ? undefined : settings.name.value,
      },
      profile: {
        kind: 'select',
        flag: '--profile',
        message: 'Profile',
        why: 'It sets the sizes of database and server, which are most of the bill; each can be changed later.',
        choices: profileChoices(config),
        default: 'demo',
        given: options.profile,
        when: () => options.profile !== undefined || (options.tier === undefined && !decided),
      },
      tier: {
        kind: 'select',
        flag: '--tier',
        message: 'Machine of the database',
        why: 'It runs all the time and is most of the bill.',
        choices: tierChoices(options.tier ?? config.database.tier),
        default: config.database.tier,
        given: options.tier ?? (decided ? config.database.tier : undefined),
        when: ({ profile }) => profile === OWN_SIZES || options.tier !== undefined || decided,
      },
      username: {
        kind: 'text',
        flag: '--username',
        message: 'User name for MLflow clients',
        why: 'The password is made up and kept in Secret Manager; --password-file gives one of your own.',
        validate: checkUsername,
        default: 'mlflow',
        // A deployment that is described already keeps the name that is in its secret.
        when: () => options.username === undefined && !decided,
      },
    },
    { agreesLater: true },
  );
  const { username, ...rest } = answers;
  const profile = PROFILES.find((known) => known === answers.profile);
  const others = decided && profile !== undefined ? overruled(config, profile) : [];
  if (others.length > 0) ui.warn(`mlflow-gcp.yaml wins over --profile ${profile}: ${others.join(', ')}.`);
  // 'mlflow' is what a new deployment gets anyway; said aloud it would rename the user of one that exists.
  return { ...rest, profile, username: options.username ?? (username === 'mlflow' ? undefined : username) };
}

/** The answer of whoever wants to choose the machine by name. */
const OWN_SIZES = 'own';

function profileChoices(config: Config) {
  const profiles = PROFILES.map((profile) => {
    const usd = priceOf(withProfile(config, profile));
    return {
      value: profile as string,
      label: `${profile}${usd === undefined ? '' : `, about ${Math.round(usd)} USD a month`}`,
      description: PROFILE_TEXTS[profile],
    };
  });
  return [...profiles, { value: OWN_SIZES, label: 'choose the machine', description: 'asks for the machine of the database' }];
}

function tierChoices(current: string) {
  const usual = [
    { value: 'db-f1-micro', label: 'db-f1-micro', description: 'shared CPU, 0.6 GB: about 8 USD a month, for one or two people' },
    { value: 'db-g1-small', label: 'db-g1-small', description: 'shared CPU, 1.7 GB: about 26 USD a month, for a small team' },
    {
      value: 'db-custom-1-3840',
      label: 'db-custom-1-3840',
      description: '1 CPU, 3.75 GB: about 49 USD a month, the smallest with an SLA',
    },
    { value: 'db-custom-2-7680', label: 'db-custom-2-7680', description: '2 CPUs, 7.5 GB: about 99 USD a month' },
  ];
  return usual.some(({ value }) => value === current)
    ? usual
    : [...usual, { value: current, label: current, description: 'as it is' }];
}
