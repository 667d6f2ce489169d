import { type Answer, startTestSimulator, type TestOptions, type TestSimulator } from '../../support/simulator.ts';

export const REGION = 'us-central1';

/** Compute Engine of a simulator of its own. Paths are under the project: `global/addresses/a`. */
export interface Compute {
  sim: TestSimulator;
  project: string;
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  get(path: string): Promise<Answer['body']>;
  /** Calls and waits for the operation's end; fails when it is refused or ends with an error. */
  done(method: string, path: string, body?: unknown): Promise<Answer['body']>;
  /** Makes a resource and waits for it: `make('addresses', { name: 'a' })`. */
  make(collection: string, body: { name: string; [field: string]: unknown }): Promise<Answer['body']>;
  /** What a call that is refused says: status, reason and message. */
  refused(method: string, path: string, body?: unknown): Promise<[status: number, reason: string, message: string]>;
  link(path: string): string;
  remove(): Promise<void>;
}

/** With everything that the services need enabled. */
export async function startCompute(options: TestOptions = {}): Promise<Compute> {
  const sim = await startTestSimulator(options);
  const project = sim.project.projectId;
  const base = `https://compute.googleapis.com/compute/v1/projects/${project}`;
  for (const service of ['compute', 'dns', 'certificatemanager']) {
    const url = 'https://serviceusage.googleapis.com/v1';
    const { body } = await sim.call('POST', `${url}/projects/${project}/services/${service}.googleapis.com:enable`, {});
    await sim.until(`${url}/projects/${project}/services/${service}.googleapis.com`, ({ state }) => state === 'ENABLED');
    if (!body.name) throw new Error(JSON.stringify(body));
  }
  const call: Compute['call'] = (method, path, body) => sim.call(method, path === '' ? base : `${base}/${path}`, body);
  const done: Compute['done'] = async (method, path, body) => {
    const answer = await call(method, path, body);
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.bytes.toString()}`);
    const scope = path.startsWith('regions/') ? path.split('/').slice(0, 2).join('/') : 'global';
    const ended = (await call('POST', `${scope}/operations/${answer.body.name}/wait`)).body;
    if (ended.error || ended.status !== 'DONE') throw new Error(`${method} ${path}: ${JSON.stringify(ended)}`);
    return ended;
  };
  return {
    sim,
    project,
    call,
    done,
    get: async (path) => (await call('GET', path)).body,
    make: (collection, body) => {
      const scope = collection === 'networkEndpointGroups' ? `regions/${REGION}` : 'global';
      return done('POST', `${scope}/${collection}`, body);
    },
    refused: async (method, path, body) => {
      const { status, body: answer } = await call(method, path, body);
      if (!answer?.error) throw new Error(`${method} ${path} was not refused: ${JSON.stringify(answer)}`);
      return [status, answer.error.errors[0].reason, answer.error.message];
    },
    link: (path) => `https://www.googleapis.com/compute/v1/projects/${project}/${path}`,
    remove: () => sim.remove(),
  };
}

/** A load balancer for HTTPS in front of a Cloud Run service, from its address to its forwarding rule; all names begin so. */
export async function makeLoadBalancer({ make, link }: Compute, name: string, domain: string): Promise<void> {
  const at = (collection: string) => link(`global/${collection}/${name}`);
  await make('addresses', { name });
  await make('networkEndpointGroups', { name, networkEndpointType: 'SERVERLESS', cloudRun: { service: 'mlflow' } });
  const group = link(`regions/${REGION}/networkEndpointGroups/${name}`);
  await make('backendServices', { name, loadBalancingScheme: 'EXTERNAL_MANAGED', protocol: 'HTTPS', backends: [{ group }] });
  await make('sslCertificates', { name, type: 'MANAGED', managed: { domains: [domain] } });
  await make('urlMaps', { name, defaultService: at('backendServices') });
  await make('targetHttpsProxies', { name, urlMap: at('urlMaps'), sslCertificates: [at('sslCertificates')] });
  await make('forwardingRules', {
    name,
    IPAddress: at('addresses'),
    portRange: '443',
    loadBalancingScheme: 'EXTERNAL_MANAGED',
    target: at('targetHttpsProxies'),
  });
}
