import { Discovery } from '../../../src/local/simulator/discovery.ts';
import type { ApiTable, TypeTable } from '../../../src/local/simulator/discovery-table.ts';
import { apiOfHost } from '../../../src/local/simulator/hosts.ts';
import { DISCOVERY_DIR, startTestSimulator, type TestOptions, type TestSimulator } from '../../support/simulator.ts';

export const PROJECT = 'mlflow-local';
export const CRM = `https://cloudresourcemanager.googleapis.com/v1/projects/${PROJECT}`;

/**
 * A simulator whose every answer is held against Google's discovery documents, with these services enabled. A name that Google
 * does not know, another type or an unknown value of an enum throws.
 */
export async function startChecked(services: string[], options: TestOptions = {}): Promise<TestSimulator> {
  const sim = await startTestSimulator(options);
  const discovery = new Discovery(DISCOVERY_DIR);
  const { call } = sim;
  sim.call = async (method, url, body, callOptions) => {
    const answer = await call(method, url, body, callOptions);
    const [, host = '', path = '/'] = /^https:\/\/([^/?]+)([^?]*)/.exec(url) ?? [];
    const api = apiOfHost(host, path);
    const found = api && answer.status < 300 && discovery.has(api) ? discovery.find(api, method, path) : undefined;
    const response = found?.method.table.response;
    if (found && response && answer.body !== undefined) check(answer.body, { ref: response }, found.method.document, response);
    return answer;
  };
  if (services.length > 0) await enable(sim, services);
  return sim;
}

/** Enables these services, named without `.googleapis.com`, and waits until they are. */
export async function enable(sim: TestSimulator, services: string[]): Promise<void> {
  const base = 'https://serviceusage.googleapis.com/v1';
  const serviceIds = services.map((name) => `${name}.googleapis.com`);
  const { status, body } = await sim.call('POST', `${base}/projects/${PROJECT}/services:batchEnable`, { serviceIds });
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  if (!body.done) await sim.until(`${base}/${body.name}`, (operation) => operation.done === true);
}

function check(value: unknown, declared: TypeTable, document: ApiTable, at: string): void {
  const type = declared.ref ? (document.schemas[declared.ref] as TypeTable) : declared;
  if (type.items) {
    if (!Array.isArray(value)) throw new Error(`${at} is no list`);
    for (const [place, item] of value.entries()) check(item, type.items, document, `${at}[${place}]`);
  } else if (type.map) {
    for (const [name, item] of Object.entries(value as object)) check(item, type.map, document, `${at}.${name}`);
  } else if (type.properties) {
    checkObject(value, type.properties, document, at);
  } else {
    checkLeaf(value, type, at);
  }
}

function checkObject(value: unknown, properties: Record<string, TypeTable>, document: ApiTable, at: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${at} is no object`);
  for (const [name, item] of Object.entries(value)) {
    // An operation's metadata and response are messages of any type.
    if (Object.keys(properties).length === 0) continue;
    const property = properties[name];
    if (!property) throw new Error(`${at}.${name} is unknown to Google`);
    check(item, property, document, `${at}.${name}`);
  }
}

function checkLeaf(value: unknown, type: TypeTable, at: string): void {
  if (type.type === 'any' || type.type === undefined) return;
  const wanted = type.type === 'integer' ? 'number' : type.type;
  if (typeof value !== wanted) throw new Error(`${at} is ${JSON.stringify(value)}, no ${wanted}`);
  if (type.enum && !type.enum.includes(value as string))
    throw new Error(`${at} is ${String(value)}, none of ${type.enum.join(', ')}`);
}
