import { setTimeout as delay } from 'node:timers/promises';
import type { CommandAction, CommandGroup, CommandSpec } from '../../src/commands/command.ts';
import { BugError, UserError } from '../../src/errors.ts';
import { choice, list, type OptionTable, toggle, value, wholeNumber } from '../../src/settings/option.ts';

/** A command as the product's are written, its action in place. */
function command<T extends OptionTable>(
  name: string,
  options: T,
  run: CommandAction<T>['run'],
  more: Partial<CommandSpec<T>> = {},
): CommandSpec {
  const spec: CommandSpec<T> = {
    name,
    summary: `Try ${name}`,
    examples: [`mlflow-gcp ${name}`],
    options,
    load: async () => ({ run }),
    ...more,
  };
  return spec as unknown as CommandSpec;
}

const showOptions = {
  tier: choice('tier', ['small', 'large'], 'machine', { default: 'small' }),
  replicas: value('number', 'replicas', { parse: wholeNumber(0, 9) }),
  allowIp: list('cidr', 'who may connect'),
  iap: toggle('turn IAP on'),
};

/** Returns what it was given. */
const show = command(
  'show',
  showOptions,
  async ({ settings, options, originOf, args }) => ({
    data: {
      project: settings.project ?? null,
      region: settings.region,
      name: settings.name,
      dir: settings.dir,
      local: settings.local,
      options,
      origins: { tier: originOf('tier'), replicas: originOf('replicas'), allowIp: originOf('allowIp'), iap: originOf('iap') },
      args,
    },
    show: [
      { kind: 'text', text: 'Settings' },
      {
        kind: 'pairs',
        pairs: [
          ['Project', settings.project?.value ?? 'none'],
          ['Tier', options.tier],
        ],
      },
    ],
  }),
  { args: [{ name: 'word', description: 'any word', required: false, many: true }] },
);

const faults: Record<string, () => never> = {
  user: () => {
    throw new UserError({
      code: 'QUOTA_EXCEEDED',
      message: 'No quota is left.',
      hint: 'Ask for more.',
      docs: 'https://example.com/quota',
    });
  },
  bug: () => {
    throw new BugError('This cannot be.');
  },
  type: () => (undefined as unknown as { field: { deeper: never } }).field.deeper,
  refused: () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', address: '10.0.0.9', port: 443 });
    throw new TypeError('fetch failed', { cause });
  },
  // Thrown where nobody awaits it.
  stray: () => {
    setTimeout(() => {
      throw new Error('stray');
    }, 10);
    return delay(60_000) as never;
  },
};

/** Fails in a given way. */
const fail = command('fail', { how: choice('how', Object.keys(faults), 'how', { default: 'user' }) }, async ({ options }) => {
  await faults[options.how]?.();
  return { data: {}, show: [] };
});

/** Has a result and fails. */
const check = command('check', {}, async () => ({
  data: { checks: [{ name: 'billing', verdict: 'fail' }] },
  show: [{ kind: 'text', text: 'billing: fail' }],
  failure: new UserError({ code: 'CHECK_FAILED', message: 'One check failed.', hint: 'Turn billing on.' }),
}));

/** Steps, alone and side by side. `--wait` seconds long; `--deaf` does not listen to Ctrl-C. */
const work = command(
  'work',
  { wait: value('seconds', 'how long', { parse: Number, default: 0 }), deaf: toggle('ignore Ctrl-C') },
  async ({ ui, deps, options }) => {
    const wait = () => delay(options.wait * 1000, undefined, options.deaf ? {} : { signal: deps.signal });
    ui.note('a note');
    ui.warn('a warning');
    ui.debug('a detail');
    await ui.step('Create the bucket', wait, { usualSeconds: 30, outcome: () => 'created' });
    await ui.steps((group) =>
      Promise.all([
        group.run('Create the instance', async (step) => {
          step.progress('PENDING_CREATE');
          await wait();
        }),
        group.run('Create the repository', wait),
      ]),
    );
    return { data: { made: 3 }, show: [{ kind: 'text', text: 'all made' }] };
  },
);

/** A wizard. */
const ask = command('ask', { tier: value('tier', 'machine') }, async ({ ui, settings, options }) => {
  const answers = await ui.ask.all(
    {
      project: { kind: 'text', flag: '--project', message: 'Google Cloud project', given: settings.project?.value },
      secure: { kind: 'confirm', flag: '--secure', message: 'Put a load balancer in front?', given: false },
      domain: { kind: 'text', flag: '--domain', message: 'Domain', when: ({ secure }) => secure === true },
      tier: {
        kind: 'select',
        flag: '--tier',
        message: 'Machine of the database',
        why: 'The small one is enough for a team.',
        choices: [
          { value: 'small', label: 'small, 9 dollars a month' },
          { value: 'large', label: 'large, 90 dollars a month' },
        ],
        given: options.tier,
      },
      region: { kind: 'text', flag: '--region', message: 'Region', default: 'us-central1' },
    },
    { agreesLater: true },
  );
  await ui.ask.agree({ flag: '--yes', message: 'Create all this?' });
  return { data: answers, show: [{ kind: 'text', text: `created in ${answers.project} ${answers.tier}` }] };
});

/** Writes line by line until it is told to stop. */
const stream = command(
  'stream',
  { break: toggle('break where nobody awaits it') },
  async ({ deps, options }) => {
    if (options.break) setTimeout(() => faults['bug']?.(), 10);
    for (let line = 0; !deps.signal.aborted; line++) {
      deps.stdout.write(`line ${line}\n`);
      await delay(5);
    }
    return undefined;
  },
  { foreground: true, readsFile: false },
);

const group: CommandGroup = {
  name: 'group',
  summary: 'Try a group',
  examples: ['mlflow-gcp group one'],
  commands: [command('one', {}, async () => ({ data: { one: 1 }, show: [] }))],
};

export const exampleCommands: Array<CommandSpec | CommandGroup> = [show, fail, check, work, ask, stream, group];
