import type { Config } from '../../project/config-schema.ts';
import { InvalidValue, wholeNumber } from '../../settings/option.ts';
import type { AnswersSoFar, Choice, Refinement, WizardQuestion } from '../../ui/ui.ts';
import { withStanding } from './found-settings.ts';
import { PROFILE_TEXTS, PROFILES, priceOf, withProfile } from './init-profiles.ts';
import type { QuestionParts } from './init-questions.ts';
import { standingOf } from './place-questions.ts';

/** The answer of whoever wants to choose the sizes one by one, and of whoever goes on with those that stand. */
export const OWN_SIZES = 'own';
export const AS_IT_IS = 'as-it-is';

/** https://docs.cloud.google.com/sql/docs/postgres/machine-series-overview#shared-core */
const SHARED_CORE = /^db-(f1-micro|g1-small)$/;

/** How large everything is, in one word. */
export function profileQuestion(parts: QuestionParts) {
  const { options, config, decided } = parts;
  return {
    kind: 'select',
    flag: '--profile',
    message: 'Profile',
    why: 'It sets the sizes of database and server, which are most of the bill; each can be changed later.',
    choices: profileChoices(config),
    default: 'demo',
    given: options.profile,
    when: () => options.profile !== undefined || (options.tier === undefined && !decided),
    refine: async (answers): Promise<Refinement> => {
      const found = await standingOf(parts, answers);
      if (found === undefined) return {};
      const sizes = await parts.looker.sizes(String(answers['project']), found);
      const usd = priceOf(withStanding(config, { found, sizes }));
      const asItIs = {
        value: AS_IT_IS,
        label: priced('as it is', usd),
        description: 'changes no size',
        unflagged: true,
      } as const;
      return { choices: [asItIs, ...profileChoices(config)], default: AS_IT_IS };
    },
  } satisfies WizardQuestion;
}

export function tierQuestion(parts: QuestionParts) {
  const { options, config } = parts;
  return {
    kind: 'select',
    flag: '--tier',
    message: 'Machine of the database',
    why: 'It runs all the time and is most of the bill.',
    choices: tierChoices(options.tier ?? config.database.tier),
    default: config.database.tier,
    given: options.tier,
    when: (answers) => chosenOneByOne(answers) || options.tier !== undefined,
    refine: async (answers): Promise<Refinement> => {
      const current = (await standingOf(parts, answers))?.instance?.settings.tier;
      return current === undefined ? {} : { choices: tierChoices(current), default: current };
    },
  } satisfies WizardQuestion;
}

export function availabilityQuestion(parts: QuestionParts) {
  const { options, config } = parts;
  return {
    kind: 'select',
    flag: '--availability',
    message: 'Second database in another zone',
    why: 'Where a zone of the region fails, the second one goes on within a minute; it doubles the price of the database.',
    choices: availabilityChoices(config),
    default: config.database.availability,
    given: options.availability,
    // Machines that share a core have no SLA, with or without a second one.
    when: (answers) =>
      options.availability !== undefined || (chosenOneByOne(answers) && !SHARED_CORE.test(String(answers['tier']))),
    refine: async (answers): Promise<Refinement> => {
      const choices = availabilityChoices({ ...config, database: { ...config.database, tier: String(answers['tier']) } });
      const current = (await standingOf(parts, answers))?.instance?.settings.availabilityType;
      return current === undefined ? { choices } : { choices, default: current };
    },
  } satisfies WizardQuestion;
}

export function minInstancesQuestion({ options, config }: QuestionParts) {
  const price = (minInstances: number) => priceOf({ ...config, service: { ...config.service, minInstances } }) ?? 0;
  const awake = Math.round(price(1) - price(0));
  return {
    kind: 'text',
    flag: '--min-instances',
    message: 'Server instances that are kept running',
    why: `A server that sleeps (0) costs nothing and takes some seconds to wake; each that stays awake is about ${awake} USD a month.`,
    validate: checked(wholeNumber(0, 100)),
    default: String(config.service.minInstances),
    given: options.minInstances === undefined ? undefined : String(options.minInstances),
    when: (answers) => chosenOneByOne(answers) || options.minInstances !== undefined,
  } satisfies WizardQuestion;
}

/** A parser of options as the check of a question. */
function checked(parse: (text: string) => unknown): (text: string) => true | string {
  return (text) => {
    try {
      parse(text);
      return true;
    } catch (error) {
      if (error instanceof InvalidValue) return error.message;
      throw error;
    }
  };
}

function chosenOneByOne({ profile }: AnswersSoFar): boolean {
  return profile === OWN_SIZES;
}

function profileChoices(config: Config): Choice[] {
  const profiles = PROFILES.map((profile) => ({
    value: profile as string,
    label: priced(profile, priceOf(withProfile(config, profile))),
    description: PROFILE_TEXTS[profile],
  }));
  const own = {
    value: OWN_SIZES,
    label: 'choose each size',
    description: 'asks for database, machine, second database and instances',
  };
  return [...profiles, { ...own, unflagged: true }];
}

function availabilityChoices(config: Config): Choice[] {
  const choice = (value: Config['database']['availability'], description: string) => ({
    value,
    label: priced(value, priceOf({ ...config, database: { ...config.database, availability: value } })),
    description,
  });
  return [choice('ZONAL', 'one database, with backups'), choice('REGIONAL', 'a second one ready in another zone')];
}

function priced(label: string, usd: number | undefined): string {
  return usd === undefined ? label : `${label}, about ${Math.round(usd)} USD a month`;
}

function tierChoices(current: string): Choice[] {
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
