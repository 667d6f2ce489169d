import { isPermissionDenied, isServiceDisabled } from './errors.ts';
import type { Google } from './google.ts';
import type { RunServiceArgs } from './run.ts';

interface WireEntry {
  timestamp?: string;
  textPayload?: string;
  jsonPayload?: { message?: unknown };
}

/**
 * The last lines that a revision's containers wrote, oldest first, as Cloud Logging has them; none where its service is off or the
 * caller may not read it. Lines are there some seconds after they were written.
 * https://docs.cloud.google.com/run/docs/logging https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list
 */
export async function readServerLog(
  google: Google,
  args: RunServiceArgs & { revision: string; lines: number },
): Promise<string[]> {
  const filter = [
    'resource.type = "cloud_run_revision"',
    `resource.labels.service_name = "${args.service}"`,
    `resource.labels.location = "${args.region}"`,
    `resource.labels.revision_name = "${args.revision}"`,
    'log_id("run.googleapis.com/stdout") OR log_id("run.googleapis.com/stderr") OR log_id("run.googleapis.com/varlog/system")',
  ];
  try {
    const { data } = await google.request<{ entries?: WireEntry[] }>({
      method: 'POST',
      url: 'https://logging.googleapis.com/v2/entries:list',
      body: {
        resourceNames: [`projects/${args.project}`],
        filter: filter.map((term) => `(${term})`).join(' AND '),
        orderBy: 'timestamp desc',
        pageSize: args.lines,
      },
      idempotent: true,
    });
    return (data.entries ?? [])
      .map(textOf)
      .filter((line) => line !== '')
      .reverse();
  } catch (error) {
    if (isServiceDisabled(error) || isPermissionDenied(error)) return [];
    throw error;
  }
}

function textOf({ textPayload, jsonPayload }: WireEntry): string {
  return (textPayload ?? (typeof jsonPayload?.message === 'string' ? jsonPayload.message : '')).trimEnd();
}
