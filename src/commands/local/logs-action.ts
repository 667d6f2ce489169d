import { setTimeout as delay } from 'node:timers/promises';
import { UsageError, UserError } from '../../errors.ts';
import { localHome } from '../../local/home.ts';
import { type LogLine, lastLines, logSources, newLines } from '../../local/logs.ts';
import type { CommandResult } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import type { logsOptions } from '../local.ts';

const POLL_MS = 200;

/** Prints the ends of the logs; with `--follow` goes on until Ctrl-C. */
export async function run({ deps, settings, options }: Context<typeof logsOptions>): Promise<CommandResult | undefined> {
  const home = localHome(deps.env);
  if (options.follow && settings.json) {
    throw new UsageError({
      code: 'FOLLOW_AND_JSON',
      message: '--follow has no end, and --json prints one document.',
      hint: 'Leave one of them out.',
    });
  }
  const sources = logSources(home, options.service);
  if (sources.length === 0 && !options.follow) throw nothingThere(options.service);
  if (!options.follow) {
    const lines = sources.flatMap((source) => lastLines(source, options.lines));
    return {
      data: { lines },
      show: [{ kind: 'verbatim', text: lines.map(({ source, text }) => `${source} | ${text}`).join('\n') }],
    };
  }
  const write = (lines: LogLine[]) => {
    for (const { source, text } of lines) deps.stdout.write(`${source} | ${text}\n`);
  };
  const known = new Map(sources.map((source) => [source.file, source]));
  for (const source of sources) write(lastLines(source, options.lines));
  while (!deps.signal.aborted) {
    await delay(POLL_MS, undefined, { signal: deps.signal }).catch(() => undefined);
    for (const source of logSources(home, options.service)) {
      write(newLines(known.get(source.file) ?? { ...source, size: 0 }, source));
      known.set(source.file, source);
    }
  }
  return undefined;
}

function nothingThere(service: string | undefined): UserError {
  return new UserError({
    code: 'LOCAL_NO_LOGS',
    message:
      service === undefined ? 'The local target has no logs: it has never run.' : `There is no log of a service ${service}.`,
    hint: service === undefined ? 'mlflow-gcp local start' : 'mlflow-gcp local status shows the services.',
  });
}
