import type { Service } from '../service.ts';
import { removeBackups, sweepBackups } from './sqladmin-backup-records.ts';
import { backupEffects, backupMethods } from './sqladmin-backups.ts';
import { catalogMethods } from './sqladmin-catalog.ts';
import { databaseEffects, databaseMethods } from './sqladmin-databases.ts';
import { instanceEffects } from './sqladmin-effects.ts';
import { instanceMethods } from './sqladmin-instances.ts';
import { operationMethods } from './sqladmin-operations.ts';
import { ROOT_PASSWORDS, TLS } from './sqladmin-records.ts';
import { restoreEffects, restoreMethods } from './sqladmin-restore.ts';
import { removeServers, restoreServers } from './sqladmin-runtime.ts';
import { sslCertEffects, sslCertMethods } from './sqladmin-ssl-certs.ts';
import { userMethods } from './sqladmin-users.ts';

/** Cloud SQL. https://docs.cloud.google.com/sql/docs/postgres/admin-api/rest */
export const sqladmin: Service = {
  api: 'sqladmin',
  versions: ['v1', 'v1beta4'],
  methods: {
    ...instanceMethods,
    ...databaseMethods,
    ...userMethods,
    ...sslCertMethods,
    ...backupMethods,
    ...restoreMethods,
    ...operationMethods,
    ...catalogMethods,
  },
  operations: { ...instanceEffects, ...databaseEffects, ...sslCertEffects, ...backupEffects, ...restoreEffects },
  async restore(sim) {
    await sweepBackups(sim);
    await restoreServers(sim);
  },
  async reset(sim) {
    await removeBackups(sim);
    await removeServers(sim);
  },
  redact: (kind, value) => (kind === ROOT_PASSWORDS || kind === TLS ? undefined : value),
};
