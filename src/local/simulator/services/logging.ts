import type { Call, JsonObject, Service, Sim } from '../service.ts';
import { appendEntries, deleteLog, listEntries, type NewEntry } from './logging-entries.ts';
import { fitsFilter } from './logging-filter.ts';
import { parseFilter } from './logging-filter-parse.ts';
import { newestFirst, pageUnder } from './paging.ts';
import { badRequest, invalidField, notFound } from './refusals.ts';

const SERVICE = 'logging.googleapis.com';
const MOST_FILTER = 20_000;
const MOST_ENTRY_BYTES = 256 * 1024;

/** Cloud Logging: entries written and found again. https://docs.cloud.google.com/logging/docs/reference/v2/rest */
export const logging: Service = {
  api: 'logging',
  versions: ['v2'],
  methods: {
    'logging.entries.list': list,
    'logging.entries.write': write,
    'logging.projects.logs.list': (call, sim) => {
      const projectId = projectIn(sim, String(call.params['parent']));
      const names = new Set(listEntries(sim, projectId).map(({ value }) => String(value['logName'])));
      const all = [...names].sort().map((name) => ({ key: name, value: name }));
      const { pageSize: size, pageToken: token } = call.params;
      return pageUnder('logNames', all, { size, token, usual: 50, most: 1000 });
    },
    'logging.projects.logs.delete': (call, sim) => {
      const { projectId, logName } = logOf(sim, String(call.params['logName']));
      if (deleteLog(sim, projectId, logName) === 0) throw notFound(`Log ${logName} does not exist`);
      return {};
    },
  },
};

/** The project of a resource whose logs are meant: itself, or one of its buckets' views. @throws GoogleError 400, 403 */
function projectIn(sim: Sim, resourceName: string): string {
  const [, project] = /^projects\/([^/]+)(?:\/locations\/[^/]+\/buckets\/[^/]+\/views\/[^/]+)?$/.exec(resourceName) ?? [];
  if (!project) throw invalidField('resource_names', `Invalid resource name ${JSON.stringify(resourceName)}.`);
  const { projectId } = sim.findProject(project);
  sim.requireEnabled(projectId, SERVICE);
  return projectId;
}

/** A log by its name: the project by its id, the rest percent-encoded. @throws GoogleError 400, 403 */
function logOf(sim: Sim, name: string): { projectId: string; logName: string } {
  const [, project, id] = /^projects\/([^/]+)\/logs\/(.+)$/.exec(name) ?? [];
  if (!project || !id || !/^[\w./%-]{1,511}$/.test(id))
    throw invalidField('log_name', `Invalid log name ${JSON.stringify(name)}.`);
  const projectId = projectIn(sim, `projects/${project}`);
  return { projectId, logName: `projects/${projectId}/logs/${id.replaceAll('/', '%2F')}` };
}

function list(call: Call, sim: Sim): JsonObject {
  const { filter = '', orderBy = 'timestamp asc', pageSize, pageToken } = call.body as Record<string, string | undefined>;
  const named = [
    ...((call.body['resourceNames'] ?? []) as string[]),
    ...((call.body['projectIds'] ?? []) as string[]).map((id) => `projects/${id}`),
  ];
  if (named.length === 0) throw invalidField('resource_names', 'At least one resource name must be given.');
  if (filter.length > MOST_FILTER) throw invalidField('filter', 'The filter is longer than 20000 characters.');
  const [, direction] = /^timestamp(?: (asc|desc))?$/.exec(orderBy) ?? [orderBy, 'no'];
  if (direction === 'no') throw invalidField('order_by', `Invalid order ${JSON.stringify(orderBy)}.`);
  const wanted = parseFilter(filter);
  const key = (entry: { key: string; value: JsonObject }) =>
    direction === 'desc' ? `${newestFirst(String(entry.value['timestamp']))}/${entry.value['insertId']}` : entry.key;
  const all = [...new Set(named.map((name) => projectIn(sim, name)))]
    .flatMap((projectId) => listEntries(sim, projectId))
    .filter(({ value }) => fitsFilter(value, wanted))
    .map((entry) => ({ key: key(entry), value: entry.value }))
    .sort((one, other) => (one.key < other.key ? -1 : 1));
  return pageUnder('entries', all, { size: pageSize, token: pageToken, usual: 50, most: 1000 });
}

function write(call: Call, sim: Sim): JsonObject {
  const { logName, resource, labels, dryRun } = call.body;
  const entries = (call.body['entries'] ?? []) as JsonObject[];
  if (entries.length === 0) throw invalidField('entries', 'At least one entry must be given.');
  const byProject = new Map<string, NewEntry[]>();
  for (const entry of entries) {
    const log = logOf(sim, String(entry['logName'] ?? logName ?? ''));
    const from = (entry['resource'] ?? resource) as JsonObject | undefined;
    if (!from?.['type']) throw invalidField('resource', 'A monitored resource must be specified for each log entry.');
    const payloads = ['textPayload', 'jsonPayload', 'protoPayload'].filter((field) => entry[field] !== undefined);
    if (payloads.length > 1) throw badRequest('A log entry has one payload at most.');
    if (JSON.stringify(entry).length > MOST_ENTRY_BYTES) throw badRequest('Log entry is larger than 256 KB.');
    const both = { ...(labels as JsonObject | undefined), ...(entry['labels'] as JsonObject | undefined) };
    const whole: NewEntry = {
      ...entry,
      logName: log.logName,
      resource: from,
      ...(Object.keys(both).length > 0 ? { labels: both } : {}),
    };
    byProject.set(log.projectId, [...(byProject.get(log.projectId) ?? []), whole]);
  }
  if (dryRun !== true) for (const [projectId, own] of byProject) appendEntries(sim, projectId, own);
  return {};
}
