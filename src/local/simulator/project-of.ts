import type { Call } from './service.ts';

/** The project that a call is about, as sent (id or number): in its parameters, or in the name of what they speak of. */
export function projectOf(call: Pick<Call, 'params' | 'api'>): string | undefined {
  const { params } = call;
  for (const name of ['project', 'projectId', 'projectsId']) {
    const value = params[name];
    if (typeof value === 'string' && value !== '') return value.replace(/^projects\//, '');
  }
  for (const name of ['parent', 'name', 'resource', 'scope', 'namespace', 'session']) {
    const value = params[name];
    if (typeof value !== 'string') continue;
    const match = /^(?:projects|namespaces)\/([^/:]+)/.exec(value);
    // The first version of the API of projects names one without saying that it is one: `v1/projects/{resource}:getIamPolicy`.
    if (call.api === 'cloudresourcemanager' && !value.includes('/')) return value;
    // `projects/-/serviceAccounts/EMAIL` leaves the project open.
    if (match && match[1] !== '-') return match[1];
  }
  return undefined;
}
