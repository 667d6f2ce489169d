import type { Service } from '../service.ts';
import { aclMethods } from './storage-acl.ts';
import { batchRoutes } from './storage-batch.ts';
import { bucketMethods } from './storage-buckets.ts';
import { sweepContent } from './storage-content.ts';
import { downloadRoutes } from './storage-download.ts';
import { notificationMethods } from './storage-notifications.ts';
import { usedFiles } from './storage-object-record.ts';
import { objectMethods } from './storage-objects.ts';
import { expireUploads, uploadFiles } from './storage-resumable.ts';
import { uploadRoutes } from './storage-upload.ts';
import { xmlRoutes } from './storage-xml.ts';
import { partFiles } from './storage-xml-multipart.ts';

/** Cloud Storage: the JSON API with its uploads, downloads and batches, and objects by the XML API. */
export const storage: Service = {
  api: 'storage',
  versions: ['v1'],
  methods: { ...bucketMethods, ...aclMethods, ...notificationMethods, ...objectMethods },
  routes: [...uploadRoutes, ...downloadRoutes, ...batchRoutes, ...xmlRoutes],
  restore(sim) {
    expireUploads(sim);
    sweepContent(sim, new Set([...usedFiles(sim), ...uploadFiles(sim), ...partFiles(sim)]));
  },
};
