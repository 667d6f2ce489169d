import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { text as streamText } from 'node:stream/consumers';
import { UsageError } from '../../errors.ts';
import type { Config } from '../../project/config-schema.ts';
import { makeBase } from '../../stack/make-base.ts';
import { type Plan, planStack } from '../../stack/plan.ts';
import type { StackContext } from '../../stack/resource.ts';
import { findOwnService } from '../../stack/resources/run-service.ts';
import { settle } from '../../stack/settle.ts';
import { baseStack } from '../../stack/stack.ts';
import type { Block, CommandResult } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import { deployServer } from '../deploy/deploy-server.ts';
import type { initOptions } from '../init.ts';
import { configOf, openDeployment } from '../open-deployment.ts';
import { openGoogleFor } from '../open-google.ts';
import { prepareUv } from '../project-uv.ts';
import { prepareFolder, refuseForeignFolder, renderFolder } from '../render-folder.ts';
import { planBlocks } from '../show-plan.ts';
import { refuseIdleFormat, showPlan } from '../show-plan-format.ts';
import { checkPassword } from './init-checks.ts';
import { withProfile } from './init-profiles.ts';
import { askInit, type InitAnswers } from './init-questions.ts';
import { repeatCommand } from './repeat-command.ts';

type InitContext = Context<typeof initOptions>;

/** Asks, plans, shows, makes, renders, and offers to deploy. */
export async function run(context: InitContext): Promise<CommandResult> {
  const { ui, settings, options } = context;
  refuseIdleFormat(options.planFormat, settings.dryRun);
  const password = await givenPassword(context);
  await refuseForeignFolder(settings.dir.value);
  if (!settings.dryRun) await prepareFolder(settings.dir.value);
  const google = await openGoogleFor(context);
  try {
    const before = configOf(settings);
    const { defaultProject } = google.target;
    const answers = await askInit(ui, { settings, options, config: before, defaultProject });
    const config = decidedConfig(before, answers, context);
    const deployment = await ui.step('Look at the project', () => openDeployment(google, config, answers.project));
    const stack: StackContext = { google, deployment, credentials: { username: answers.username, password } };
    const [plan] = await ui.step('Look at what is there', () =>
      settle([planStack(baseStack(deployment), stack), findOwnService(google, deployment)]),
    );
    if (settings.dryRun) return showPlan(options.planFormat, { plan, deployment, username: answers.username });
    await prepareUv(context);
    return await carryOut(context, plan, stack, { config, username: answers.username });
  } finally {
    google.close();
  }
}

/** Shows the plan and has it agreed to, makes everything, renders the project folder; deploys where that is wanted. */
async function carryOut(
  context: InitContext,
  plan: Plan,
  stack: StackContext,
  { config, username }: { config: Config; username: string | undefined },
): Promise<CommandResult> {
  const { ui, options, deps, settings } = context;
  if (plan.changes) {
    ui.preview(planBlocks(plan, stack.deployment));
    await ui.ask.agree({ flag: '--yes', message: 'Make this?' });
  }
  const { deployment, applied: resources } = await ui.steps((group) => makeBase(plan, stack, group));
  const folder = await renderFolder(context, stack.google, deployment, config);
  const { project, region, name, url } = deployment;
  const question = { flag: '--deploy', message: 'Deploy the server now?', default: true, unattended: false };
  // `--yes` agrees to what is planned; it does not ask for more.
  const deploys = options.deploy || (!context.settings.yes && (await ui.ask.confirm(question)));
  const { passwordFile } = options;
  const { defaultProject } = stack.google.target;
  const repeat = repeatCommand({
    config,
    project,
    defaultProject,
    settings,
    cwd: deps.cwd,
    username,
    passwordFile,
    deploy: deploys,
  });
  const data = { project, region, name, url, resources, folder, repeat };
  const again: Block[] = [
    { kind: 'text', text: 'The same set-up without questions:' },
    { kind: 'verbatim', text: repeat },
  ];
  if (!deploys) return { data, show: [...again, { kind: 'text', text: doneText(folder.dir, deps.cwd, plan.changes) }] };
  const deployed = await deployServer(context, stack.google, deployment, folder.dir, {});
  return { data: { ...data, deployment: deployed.data }, show: [...deployed.show, ...again] };
}

/** The file as it will be: answers and flags over what it said. */
function decidedConfig(before: Config, answers: InitAnswers, { options, settings }: InitContext): Config {
  const config = withProfile(before, answers.profile, settings.file?.raw);
  const { database, service, artifacts } = config;
  return {
    ...config,
    target: settings.local ? 'local' : 'cloud',
    project: answers.project,
    region: answers.region,
    name: answers.name,
    database: {
      ...database,
      tier: answers.tier ?? database.tier,
      version: options.databaseVersion ?? database.version,
      availability: options.availability ?? database.availability,
      diskGb: options.disk ?? database.diskGb,
      instance: options.instance ?? database.instance,
      clientCert: options.clientCert || options.requireClientCert || database.clientCert || database.requireClientCert,
      requireClientCert: options.requireClientCert || database.requireClientCert,
    },
    artifacts: { ...artifacts, bucket: options.bucket ?? artifacts.bucket },
    service: {
      cpu: options.cpu ?? service.cpu,
      memory: options.memory ?? service.memory,
      minInstances: options.minInstances ?? service.minInstances,
      maxInstances: options.maxInstances ?? service.maxInstances,
    },
  };
}

/** The password of `--password-file`, one line break at its end left out; undefined where none was given. */
async function givenPassword({ deps, options }: InitContext): Promise<string | undefined> {
  const { passwordFile } = options;
  if (passwordFile === undefined) return undefined;
  const text = passwordFile === '-' ? await streamText(deps.stdin) : await readPassword(path.resolve(deps.cwd, passwordFile));
  const password = text.replace(/\r?\n$/, '');
  const verdict = checkPassword(password);
  if (verdict === true) return password;
  throw new UsageError({
    code: 'INVALID_PASSWORD',
    message: `--password-file: ${verdict}.`,
    hint: 'Put the password alone into the file, or leave the flag out to have one made up.',
  });
}

async function readPassword(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new UsageError({
      code: 'PASSWORD_FILE_UNREADABLE',
      message: `--password-file: ${file} cannot be read (${(cause as NodeJS.ErrnoException).code}).`,
      hint: 'Name a file that you may read, or - to give the password on stdin.',
      cause,
    });
  }
}

function doneText(dir: string, cwd: string, changed: boolean): string {
  const place = path.relative(cwd, dir);
  const go = place === '' ? '' : `cd ${place} && `;
  return `${changed ? 'Everything is made.' : 'Everything is there already.'} Next: ${go}mlflow-gcp deploy`;
}
