import type { Call, Handler, JsonObject, Sim } from '../service.ts';
import { GoogleError, Reply } from '../service.ts';
import { getBucket } from './storage-bucket-record.ts';
import { invalid, required } from './storage-errors.ts';

const KIND = 'storage.notifications';

/** Notifications of changes to Pub/Sub: kept and shown, never sent. https://docs.cloud.google.com/storage/docs/json_api/v1/notifications */
export const notificationMethods: Record<string, Handler> = {
  'storage.notifications.insert': (call, sim) => {
    const { name } = getBucket(sim, String(call.params['bucket']));
    const topic = String(call.body['topic'] ?? '');
    if (topic === '') throw required('topic');
    if (!/^(\/\/pubsub\.googleapis\.com\/)?projects\/[^/]+\/topics\/[^/]+$/.test(topic))
      throw invalid('Invalid Google Cloud Pub/Sub topic.');
    if (!call.body['payload_format']) throw required('payload_format');
    const ids = list(sim, name).map(({ id }) => Number(id));
    const id = String(Math.max(0, ...ids) + 1);
    const { custom_attributes, event_types, object_name_prefix, payload_format } = call.body;
    const record: JsonObject = {
      kind: 'storage#notification',
      selfLink: `https://www.googleapis.com/storage/v1/b/${name}/notificationConfigs/${id}`,
      id,
      topic: topic.startsWith('//') ? topic : `//pubsub.googleapis.com/${topic}`,
      etag: id,
      ...(payload_format ? { payload_format } : {}),
      ...(custom_attributes ? { custom_attributes } : {}),
      ...(event_types ? { event_types } : {}),
      ...(object_name_prefix ? { object_name_prefix } : {}),
    };
    sim.store.put(KIND, `${name}/${id}`, record);
    return record;
  },
  'storage.notifications.get': (call, sim) => find(call, sim),
  'storage.notifications.list': (call, sim) => {
    const items = list(sim, getBucket(sim, String(call.params['bucket'])).name);
    return { kind: 'storage#notifications', ...(items.length > 0 ? { items } : {}) };
  },
  'storage.notifications.delete': (call, sim) => {
    sim.store.delete(KIND, `${String(call.params['bucket'])}/${String(find(call, sim)['id'])}`);
    return new Reply(204);
  },
};

/** When the bucket goes, they go. */
export function forgetNotifications(sim: Sim, bucket: string): void {
  for (const { id } of list(sim, bucket)) sim.store.delete(KIND, `${bucket}/${String(id)}`);
}

function list(sim: Sim, bucket: string): JsonObject[] {
  return sim.store.list(KIND, `${bucket}/`).map(({ value }) => value);
}

function find(call: Call, sim: Sim): JsonObject {
  const { name } = getBucket(sim, String(call.params['bucket']));
  const id = String(call.params['notification']);
  const found = sim.store.get(KIND, `${name}/${id}`);
  if (!found)
    throw new GoogleError({ code: 404, message: `The specified notification ${id} does not exist.`, reason: 'notFound' });
  return found;
}
