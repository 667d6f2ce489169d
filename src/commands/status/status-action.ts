import { setTimeout as delay } from 'node:timers/promises';
import { UsageError } from '../../errors.ts';
import type { Google } from '../../gcp/google.ts';
import type { Deployment } from '../../stack/deployment.ts';
import { mermaidDiagram } from '../../stack/diagram.ts';
import type { StackContext } from '../../stack/resource.ts';
import type { CommandResult } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import { keyPlace } from '../key-place.ts';
import { locateDeployment } from '../locate-deployment.ts';
import { openGoogleFor } from '../open-google.ts';
import type { statusOptions } from '../status.ts';
import { type Look, lookAtResources, lookAtServer, type ServerState } from './look.ts';
import { report } from './report.ts';
import { watch } from './watch.ts';

type StatusContext = Context<typeof statusOptions>;
const PAUSE_MS = 3_000;

/** Looks at every resource and asks the server, once or again and again; writes nothing. */
export async function run(context: StatusContext): Promise<CommandResult> {
  const { ui, settings, options } = context;
  if (options.watch && settings.json && !options.wait) throw watchWithoutEnd();
  const google = await openGoogleFor(context);
  try {
    const deployment = await ui.step('Look at the project', () => locateDeployment(context, google));
    if (options.diagram) return diagram(deployment);
    const stack: StackContext = { google, deployment, credentials: {}, key: keyPlace(context, deployment) };
    if (options.watch) return await watching(context, stack);
    const found = await ui.step('Look at the resources', () => lookAtResources(stack));
    const server = await ui.step('Ask the server', () => askServer(context, google, deployment, found.service), {
      outcome: ({ state }) => state,
    });
    return report(deployment, { ...found, server }, options.wait);
  } finally {
    google.close();
  }
}

async function watching(context: StatusContext, stack: StackContext): Promise<CommandResult> {
  const { deps, options, settings } = context;
  const { google, deployment } = stack;
  const end = deps.now().getTime() + options.timeout * 1000;
  const answers = ({ server }: Look) => server.state === 'answers';
  const last = await watch(context, {
    deployment,
    look: async () => {
      const found = await lookAtResources(stack);
      return { ...found, server: await lookAtServer(context, google, deployment, found.service) };
    },
    isLast: (look) => options.wait && (answers(look) || deps.now().getTime() >= end),
    seconds: options.interval,
    silent: settings.json,
  });
  // It has been shown.
  return { ...report(deployment, last, options.wait), show: [] };
}

async function askServer(
  context: StatusContext,
  google: Google,
  deployment: Deployment,
  service: Look['service'],
): Promise<ServerState> {
  const { deps, options } = context;
  const end = deps.now().getTime() + (options.wait ? options.timeout * 1000 : 0);
  for (;;) {
    const server = await lookAtServer(context, google, deployment, service);
    if (server.state !== 'does not answer' || deps.now().getTime() >= end) return server;
    await delay(PAUSE_MS, undefined, { signal: deps.signal });
  }
}

function diagram(deployment: Deployment): CommandResult {
  const text = mermaidDiagram(deployment);
  return { data: { diagram: text }, show: [{ kind: 'verbatim', text }] };
}

function watchWithoutEnd(): UsageError {
  return new UsageError({
    code: 'INVALID_VALUE',
    message: '--json prints one document, and --watch has no end.',
    hint: 'Add --wait, which ends it when the server answers, or leave one of them out.',
  });
}
