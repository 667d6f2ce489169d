import type { RevisionLine, RunRuntime } from '../../runtime-port.ts';
import type { Sim } from '../service.ts';
import { appendEntries, type NewEntry } from './logging-entries.ts';
import { payloadOf } from './run-jobs-log.ts';

const FLUSH_MS = 200;

type Entry = NewEntry & { projectId: string };

/**
 * Hands the lines that revisions write to Cloud Logging, as Cloud Run does, some at a time. `write` runs work that changes records and
 * puts them on disk. https://docs.cloud.google.com/run/docs/logging
 * @returns what ends it
 */
export function keepRevisionLines(
  runtime: RunRuntime,
  write: (work: (sim: Sim) => void) => Promise<void>,
  timestamp: () => string,
): () => void {
  let waiting: Entry[] = [];
  const timer = setInterval(() => {
    if (waiting.length === 0) return;
    const entries = waiting.splice(0);
    // What cannot be written now (the disk is full, say) is lost, as lines of a log may be.
    write((sim) => {
      for (const { projectId, ...entry } of entries) appendEntries(sim, projectId, [entry as NewEntry]);
    }).catch(() => undefined);
  }, FLUSH_MS);
  timer.unref();
  runtime.onLine?.((line) => {
    waiting = [...waiting, entryOf(line, timestamp())];
  });
  return () => clearInterval(timer);
}

function entryOf({ service, revision, text, stream }: RevisionLine, timestamp: string): Entry {
  const [, projectId = '', , location = '', , name = ''] = service.split('/');
  const labels = { service_name: name, configuration_name: name, location, revision_name: revision };
  return {
    projectId,
    logName: `projects/${projectId}/logs/run.googleapis.com%2F${stream}`,
    resource: { type: 'cloud_run_revision', labels },
    timestamp,
    ...payloadOf(text),
  } as Entry;
}
