import type { JsonObject, Service } from '../../src/local/simulator/service.ts';
import { GoogleError, Reply } from '../../src/local/simulator/service.ts';

const KIND = 'test.secrets';

/** A service of a few lines over Secret Manager's document, to try the kernel with. */
export const testService: Service = {
  api: 'secretmanager',
  versions: ['v1'],
  methods: {
    'secretmanager.projects.secrets.create': ({ params, body }, { store, timestamp }) => {
      const key = `${params['parent']}/secrets/${params['secretId']}`;
      if (store.get(KIND, key)) throw new GoogleError({ code: 409, message: `Secret [${key}] already exists.` });
      store.put(KIND, key, { ...body, name: key, createTime: timestamp() });
      if (body['annotations'] && (body['annotations'] as JsonObject)['fail'] === 'late') throw new Error('a bug after writing');
      return store.get(KIND, key);
    },
    'secretmanager.projects.secrets.get': ({ params }, { store }) => {
      const found = store.get(KIND, String(params['name']));
      if (!found) throw new GoogleError({ code: 404, message: `Secret [${params['name']}] not found.` });
      return found;
    },
    'secretmanager.projects.secrets.list': ({ params }, { store }) => ({
      secrets: store.list(KIND, `${params['parent']}/secrets/`).map(({ value }) => value),
      totalSize: Number(params['pageSize'] ?? 0),
    }),
    'secretmanager.projects.secrets.patch': ({ params, body }) => ({
      name: params['name'],
      ...body,
      annotations: { mask: String(params['updateMask']) },
    }),
    'secretmanager.projects.secrets.delete': ({ params }, { store }) => {
      store.delete(KIND, String(params['name']));
      return new Reply(204);
    },
    'secretmanager.projects.secrets.setIamPolicy': ({ body }) => body['policy'] ?? {},
    'secretmanager.projects.secrets.getIamPolicy': ({ params }) => ({ version: params['options.requestedPolicyVersion'] }),
    'secretmanager.projects.locations.get': ({ principal }) => ({ displayName: principal }),
    'secretmanager.projects.secrets.addVersion': ({ params, body, principal }, { operations }) => {
      const operation = operations.start({
        api: 'secretmanager',
        kind: 'add',
        data: { parent: String(params['parent']), body },
        principal,
      });
      return { name: operation.id, state: 'ENABLED' };
    },
    'secretmanager.projects.secrets.versions.get': async ({ params }, { operations }) => {
      const operation = await operations.wait(String(params['name']).split('/').at(-1) as string, 5000);
      return { name: operation.done ? 'done' : 'waiting', etag: JSON.stringify(operation.response ?? operation.error ?? null) };
    },
  },
  operations: {
    add: {
      usual: 'services.enable',
      finish: ({ data }, { store, now }) => {
        const text = JSON.stringify(data['body']);
        if (text.includes('cmVmdXNl')) {
          store.put(KIND, `${data['parent']}/refused`, {});
          throw new GoogleError({ code: 409, status: 'ABORTED', message: 'refused' });
        }
        if (text.includes('YnVn')) {
          store.put(KIND, `${data['parent']}/bug`, {});
          throw new Error('a bug');
        }
        store.put(KIND, `${data['parent']}/added`, { at: now().toISOString() });
        return { added: true };
      },
    },
  },
};
