import path from 'node:path';
import type { Google } from '../../gcp/google.ts';
import type { SqlInstance } from '../../gcp/sql.ts';
import type { Config } from '../../project/config-schema.ts';
import { type GithubRemote, githubRemote } from '../../project/git.ts';
import { findServiceSizes } from '../../stack/found-deployments.ts';
import { makeBase } from '../../stack/make-base.ts';
import type { Plan } from '../../stack/plan.ts';
import { planAhead } from '../../stack/preflight/plan-ahead.ts';
import type { StackContext } from '../../stack/resource.ts';
import { GoBack } from '../../ui/go-back.ts';
import type { Block, CommandResult, Course } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import { deployServer } from '../deploy/deploy-server.ts';
import type { initOptions } from '../init.ts';
import { keyPlace } from '../key-place.ts';
import { configOf, openStanding } from '../open-deployment.ts';
import { openGoogleFor } from '../open-google.ts';
import { prepareUv } from '../project-uv.ts';
import { refuseOrWarn } from '../refuse-or-warn.ts';
import { prepareFolder, refuseForeignFolder, renderFolder } from '../render-folder.ts';
import { planBlocks } from '../show-plan.ts';
import { refuseIdleFormat, showPlan } from '../show-plan-format.ts';
import { accessConfig, refuseAccess, withRepositoryNumber } from './access-config.ts';
import { accessOf } from './access-result.ts';
import { refuseOtherEngine, requireLocalDatabase } from './database-checks.ts';
import { chosenDatabase } from './database-choice.ts';
import { type Standing, withStanding } from './found-settings.ts';
import { givenPassword } from './given-password.ts';
import { withProfile } from './init-profiles.ts';
import { askInit, type InitAnswers, isAttended, type QuestionParts } from './init-questions.ts';
import { lookAround, NOTHING_SEEN } from './look-ahead.ts';
import { makeProjectLooker } from './project-look.ts';
import { repeatCommand } from './repeat-command.ts';

type InitContext = Context<typeof initOptions>;

/** What is about to be made, as far as it is decided. */
interface Proposal {
  config: Config;
  plan: Plan;
  stack: StackContext;
  username: string | undefined;
}

/** Asks, plans, shows, makes, renders, and offers to deploy. */
export async function run(context: InitContext): Promise<CommandResult> {
  const { settings, options } = context;
  refuseIdleFormat(options.planFormat, settings.dryRun);
  const password = await givenPassword(context);
  await refuseForeignFolder(settings.dir.value);
  if (!settings.dryRun) await prepareFolder(settings.dir.value);
  const google = await openGoogleFor(context);
  google.loadMeanwhile();
  try {
    const parts = await questionParts(context, google);
    const course: Course = { answers: {}, remembered: {}, asked: [] };
    for (;;) {
      const proposal = await propose(context, google, await askInit(parts, course), { password, remote: parts.remote });
      const { plan, stack, username } = proposal;
      if (settings.dryRun)
        return showPlan(options.planFormat, { plan, deployment: stack.deployment, username, keyFile: stack.key?.file });
      await prepareUv(context);
      if (await agreed(context, proposal, course)) return await carryOut(context, proposal);
    }
  } finally {
    google.close();
  }
}

/** What the questions are made from. Where a person is there, who is signed in and what there is to choose from is looked up first. */
async function questionParts(context: InitContext, google: Google): Promise<QuestionParts> {
  const { ui, settings, options } = context;
  const { defaultProject } = google.target;
  const looker = makeProjectLooker(ui, google);
  const project = settings.project?.value ?? defaultProject;
  const attended = isAttended({ ui, settings });
  const decided = settings.file !== undefined;
  const meanwhile = Promise.allSettled(attended && !decided && project !== undefined ? [looker.project(project)] : []);
  // Without a project a person is asked in spite of --yes. On this machine nobody signs in.
  const looks = !settings.local && ui.interactive && (attended || project === undefined);
  const surroundings = looks ? await lookAround(context, google, meanwhile) : NOTHING_SEEN;
  const config = configOf(settings);
  const asksRemote = options.ci === 'github' && options.githubRepo === undefined && config.ci.github === undefined;
  const { env, signal } = context.deps;
  const remote = asksRemote ? await githubRemote(settings.dir.value, env, signal) : undefined;
  return { ui, settings, options, config, defaultProject, surroundings, looker, decided, remote };
}

/** Names everything and looks what is there of it. */
async function propose(
  context: InitContext,
  google: Google,
  answers: InitAnswers,
  { password, remote }: { password: string | undefined; remote: GithubRemote | undefined },
): Promise<Proposal> {
  const { ui, settings } = context;
  const before = configOf(settings);
  const decided = decidedConfig(before, answers, context, remote);
  await refuseAccess(context, decided);
  const asked = await withRepositoryNumber(context, google, decided);
  if (settings.local && !settings.dryRun) await requireLocalDatabase(context, asked);
  const opened = await ui.step('Look at the project', () => openStanding(google, asked, answers.project));
  const standing = await standingUnasked(context, google, answers, opened.instance);
  const { database, service } = decidedConfig(before, { ...answers, standing }, context, remote);
  const config = { ...asked, database, service };
  const named = { ...opened.deployment, database, service: { ...opened.deployment.service, ...service } };
  refuseOtherEngine(opened.deployment, config);
  const withdrawsKey = before.credentials.kind === 'key' && config.credentials.kind !== 'key';
  const deployment = { ...named, ...(withdrawsKey && { withdrawsKey }) };
  const credentials = { username: answers.username, password };
  const key = keyPlace(context, deployment, context.options.newKey);
  const ahead = await ui.step('Look at what is there', () =>
    planAhead({ google, deployment, credentials, key }, { deploys: context.options.deploy }),
  );
  refuseOrWarn(context, ahead.refusals);
  return { config, plan: ahead.plan, stack: ahead.context, username: answers.username };
}

/**
 * What stands, where nobody was shown it. Without a file that describes it, it is gone on with as it is: a database does not become
 * smaller by leaving its size out.
 */
async function standingUnasked(
  { settings }: InitContext,
  google: Google,
  { standing, project, region, name }: InitAnswers,
  instance: SqlInstance | undefined,
): Promise<Standing | undefined> {
  if (settings.file !== undefined || standing !== undefined || instance === undefined) return standing;
  return { found: { name, region, instance }, sizes: await findServiceSizes(google, { project, region, name }) };
}

/** Shows the plan and has it agreed to; false where the questions before are to be gone back to. */
async function agreed(context: InitContext, proposal: Proposal, course: Course): Promise<boolean> {
  const { ui } = context;
  const { plan, stack } = proposal;
  if (!plan.changes) return true;
  ui.preview(planBlocks(plan, stack.deployment));
  const interruption = {
    message: 'Interrupted at the plan. Nothing was made.',
    hint: `Run the same command again to start over, or this one to make what was planned:\n  ${repeated(context, proposal, false)}`,
  };
  try {
    await ui.ask.agree({ flag: '--yes', message: 'Make this?', back: course.asked.length > 0, interruption });
    return true;
  } catch (error) {
    if (error instanceof GoBack) return false;
    throw error;
  }
}

/** Makes everything, renders the project folder; deploys where that is wanted. */
async function carryOut(context: InitContext, proposal: Proposal): Promise<CommandResult> {
  const { ui, options, deps, settings } = context;
  const { plan, stack, config } = proposal;
  const { deployment, applied: resources } = await ui.steps((group) => makeBase(plan, stack, group));
  const folder = await renderFolder(context, stack.google, deployment, config);
  const { project, region, name, url } = deployment;
  const done = doneText(folder.dir, deps.cwd, plan.changes);
  const interruption = { message: `Interrupted before the server was deployed. ${done.state}`, hint: done.next };
  const question = { flag: '--deploy', message: 'Deploy the server now?', default: true, unattended: false, interruption };
  // `--yes` agrees to what is planned; it does not ask for more.
  const deploys = options.deploy || (!settings.yes && (await ui.ask.confirm(question)));
  const repeat = repeated(context, proposal, deploys);
  const access = accessOf(context, deployment, plan);
  const data = { project, region, name, url, resources, folder, repeat, ...access.data };
  const again: Block[] = [
    ...access.show,
    { kind: 'text', text: 'The same set-up without questions:' },
    { kind: 'verbatim', text: repeat },
  ];
  if (!deploys) return { data, show: [...again, { kind: 'text', text: `${done.state} Next: ${done.next}` }] };
  const deployed = await deployServer(context, stack.google, deployment, folder.dir, {});
  return { data: { ...data, deployment: deployed.data }, show: [...deployed.show, ...again] };
}

/** The command that makes the same without a question. */
function repeated(
  { settings, options, originOf, deps }: InitContext,
  { config, stack, username }: Proposal,
  deploy: boolean,
): string {
  const { project } = stack.deployment;
  const { defaultProject } = stack.google.target;
  return repeatCommand({ config, project, defaultProject, settings, cwd: deps.cwd, username, options, originOf, deploy });
}

/** The file as it will be: answers and flags over what it said. */
function decidedConfig(
  before: Config,
  answers: InitAnswers,
  { options, settings, deps }: InitContext,
  remote: GithubRemote | undefined,
): Config {
  const said = settings.file?.raw;
  const standing = withStanding(before, answers.standing, { said, withSizes: answers.profile === undefined });
  const config = withProfile(standing, answers.profile, said);
  const { database, service, artifacts, build } = config;
  return {
    ...config,
    target: settings.local ? 'local' : 'cloud',
    project: answers.project,
    region: answers.region,
    name: answers.name,
    database: {
      ...database,
      tier: answers.tier ?? database.tier,
      ...chosenDatabase(database, { database: answers.database, version: options.databaseVersion }),
      availability: answers.availability ?? database.availability,
      diskGb: options.disk ?? database.diskGb,
      instance: options.instance ?? database.instance,
      clientCert: options.clientCert || options.requireClientCert || database.clientCert || database.requireClientCert,
      requireClientCert: options.requireClientCert || database.requireClientCert,
    },
    artifacts: { ...artifacts, bucket: options.bucket ?? artifacts.bucket },
    service: {
      ...service,
      cpu: options.cpu ?? service.cpu,
      memory: options.memory ?? service.memory,
      minInstances: answers.minInstances ?? service.minInstances,
      maxInstances: options.maxInstances ?? service.maxInstances,
      ingress: options.ingress ?? service.ingress,
      invoker: options.invoker ?? service.invoker,
      serviceAccount: options.serviceAccount ?? service.serviceAccount,
    },
    build: {
      ...build,
      repository: options.repository ?? build.repository,
      serviceAccount: options.buildServiceAccount ?? build.serviceAccount,
    },
    ...accessConfig(config, options, { cwd: deps.cwd, repository: answers.githubRepo, remote }),
  };
}

function doneText(dir: string, cwd: string, changed: boolean): { state: string; next: string } {
  const place = path.relative(cwd, dir);
  const go = place === '' ? '' : `cd ${place} && `;
  return { state: changed ? 'Everything is made.' : 'Everything is there already.', next: `${go}mlflow-gcp deploy` };
}
