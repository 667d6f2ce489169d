import { StringDecoder } from 'node:string_decoder';
import { UserError } from '../errors.ts';
import { type Build, type BuildArgs, getBuild, UNFINISHED } from './cloud-build.ts';
import type { Google } from './google.ts';
import type { WaitOptions } from './operations.ts';
import { poll } from './retry.ts';
import { readObject } from './storage.ts';

/** A build of ours takes minutes; Google's own limit is an hour unless the build sets another. */
const BUILD_TIMEOUT_MS = 65 * 60_000;
/** So many lines at the end of the log are shown when a build fails. */
const LAST_LINES = 20;

/**
 * Waits until the build succeeded, handing its log over as it grows (`onLog` gets whole lines). Throws BUILD_FAILED with the last
 * lines of the log. https://docs.cloud.google.com/build/docs/securing-builds/store-manage-build-logs
 */
export async function waitBuild(
  google: Google,
  args: BuildArgs & { onLog?: (line: string) => void } & WaitOptions,
): Promise<Build> {
  const start = google.clock.now();
  const last: string[] = [];
  const log = new BuildLog(google, args.id, (line) => {
    last.push(line);
    if (last.length > LAST_LINES) last.shift();
    args.onLog?.(line);
  });
  const build = await poll(google, {
    what: `build ${args.id}`,
    timeoutMs: args.timeoutMs ?? BUILD_TIMEOUT_MS,
    async attempt() {
      const seen = await getBuild(google, args);
      if (seen?.logsBucket) await log.read(seen.logsBucket);
      if (seen !== undefined && !UNFINISHED.includes(seen.status)) return seen;
      args.onPoll?.({ elapsedMs: google.clock.now() - start, metadata: { status: seen?.status } });
      return undefined;
    },
  });
  log.end();
  if (build.status !== 'SUCCESS') throw buildFailed(args, build, last);
  return build;
}

/** Follows `log-ID.txt`, an object that Cloud Build composes anew while it grows, so that only its end has to be read. */
class BuildLog {
  readonly #google: Google;
  readonly #object: string;
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #read = 0;
  #rest = '';

  constructor(google: Google, id: string, onLine: (line: string) => void) {
    this.#google = google;
    this.#object = `log-${id}.txt`;
    this.#onLine = onLine;
  }

  async read(logsBucket: string): Promise<void> {
    const bucket = logsBucket.replace(/^gs:\/\//, '').replace(/\/.*$/, '');
    // Not there until the build has written something.
    const bytes = await readObject(this.#google, { bucket, object: this.#object, start: this.#read });
    if (bytes === undefined) return;
    this.#read += bytes.length;
    const lines = (this.#rest + this.#decoder.write(bytes)).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#onLine(line);
  }

  end(): void {
    if (this.#rest !== '') this.#onLine(this.#rest);
    this.#rest = '';
  }
}

function buildFailed(args: BuildArgs, build: Build, lastLines: string[]): UserError {
  const log = lastLines.length > 0 ? `\n${lastLines.map((line) => `  ${line}`).join('\n')}` : '';
  return new UserError({
    code: 'BUILD_FAILED',
    message: `Cloud Build ended with ${build.status}${build.statusDetail ? ` (${build.statusDetail})` : ''}.${log}`,
    hint: `Read the whole log: gcloud builds log ${args.id} --region=${args.region} --project=${args.project}`,
    ...(build.logUrl && { docs: build.logUrl }),
  });
}
