import { GoogleError, type JsonObject, type OperationKind, type Sim } from '../service.ts';
import { createSystemDatabases } from './sqladmin-databases.ts';
import { runningFacts } from './sqladmin-defaults.ts';
import { withInstance } from './sqladmin-operations.ts';
import { type InstanceRecord, keyOf, ROOT_PASSWORDS, saveInstance } from './sqladmin-records.ts';
import { removeAll } from './sqladmin-removal.ts';
import { startServer, stopServer, translated } from './sqladmin-runtime.ts';
import { dropSslCerts } from './sqladmin-ssl-certs.ts';
import { describe, findTls, newTls, saveTls } from './sqladmin-tls.ts';
import { createRootUser } from './sqladmin-users.ts';
import { installed, isPostgres, upgrades } from './sqladmin-versions.ts';

/** How the long operations on instances end. */
export const instanceEffects: Record<string, OperationKind> = {
  create: { usual: 'sql.instances.insert', finish: (operation, sim) => withInstance(operation, sim, create) },
  update: {
    usual: 'sql.instances.update',
    finish: (operation, sim) => withInstance(operation, sim, (instance) => update(sim, instance, operation.data)),
  },
  restart: { usual: 'sql.instances.update', finish: (operation, sim) => withInstance(operation, sim, restart) },
  resetSslConfig: { usual: 'sql.instances.update', finish: (operation, sim) => withInstance(operation, sim, resetSslConfig) },
  delete: {
    usual: 'sql.instances.delete',
    finish: (operation, sim) => withInstance(operation, sim, (instance) => removeAll(sim, instance, operation)),
  },
  /** What was over before it was answered. */
  done: { usual: 'none', finish: () => undefined },
};

function create(instance: InstanceRecord, sim: Sim): Promise<void> {
  return bringUp(sim, instance, {
    data: async () => undefined,
    content: () => {
      createSystemDatabases(sim, instance);
      createRootUser(sim, instance);
    },
  });
}

/** What an instance begins with. */
export interface Beginning {
  /** Puts the data into the runtime, before the server starts. */
  data(): Promise<void>;
  /** Writes down what is in it. */
  content(): void;
}

/** Makes an instance run that is being made; one that cannot be made is FAILED. */
export async function bringUp(sim: Sim, instance: InstanceRecord, beginning: Beginning): Promise<void> {
  try {
    await makeRun(instance, sim, beginning);
  } catch (error) {
    if (error instanceof GoogleError) {
      sim.store.delete(ROOT_PASSWORDS, keyOf(instance));
      saveInstance(sim, { ...instance, state: 'FAILED' });
    }
    throw error;
  }
}

async function makeRun(instance: InstanceRecord, sim: Sim, beginning: Beginning): Promise<void> {
  const tls = findTls(sim, instance) ?? (await newTls(instance, sim.now()));
  const serverCaCert = await describe(tls.serverCa.certificate, instance.name);
  await translated(beginning.data());
  if (instance.settings['activationPolicy'] !== 'NEVER') await translated(startServer(sim, instance, tls));
  saveTls(sim, instance, tls);
  sim.store.delete(ROOT_PASSWORDS, keyOf(instance));
  beginning.content();
  saveInstance(sim, { ...instance, ...runningFacts(sim, instance), serverCaCert, state: 'RUNNABLE' });
}

async function update(sim: Sim, instance: InstanceRecord, data: JsonObject): Promise<void> {
  const { settings, databaseVersion, maintenanceVersion } = data as {
    settings: JsonObject;
    databaseVersion: string;
    maintenanceVersion?: string;
  };
  const version = databaseVersion === instance.databaseVersion ? {} : versionFacts(instance.databaseVersion, databaseVersion);
  const changed: InstanceRecord = {
    ...instance,
    databaseVersion,
    ...version,
    ...(maintenanceVersion ? { maintenanceVersion } : {}),
    settings: { ...settings, settingsVersion: String(Number(instance.settings['settingsVersion']) + 1) },
  };
  const tls = findTls(sim, instance);
  if (tls && settings['activationPolicy'] !== 'NEVER') await translated(startServer(sim, changed, tls));
  else await translated(stopServer(sim, changed));
  saveInstance(sim, { ...changed, ...runningFacts(sim, changed), state: 'RUNNABLE' });
}

/** After an upgrade in place of MySQL, Google goes on listing what the earlier version could have been upgraded to, before its own. */
function versionFacts(earlier: string, databaseVersion: string): JsonObject {
  const { version, maintenance } = installed(databaseVersion);
  return {
    databaseInstalledVersion: version,
    maintenanceVersion: maintenance,
    ...(isPostgres(earlier) ? {} : { upgradableDatabaseVersions: [...upgrades(earlier), ...upgrades(databaseVersion)] }),
  };
}

async function restart(instance: InstanceRecord, sim: Sim): Promise<void> {
  const tls = findTls(sim, instance);
  await translated(stopServer(sim, instance));
  if (tls) await translated(startServer(sim, instance, tls));
}

async function resetSslConfig(instance: InstanceRecord, sim: Sim): Promise<void> {
  const tls = await newTls(instance, sim.now());
  const serverCaCert = await describe(tls.serverCa.certificate, instance.name);
  await translated(stopServer(sim, instance));
  await translated(startServer(sim, instance, tls));
  saveTls(sim, instance, tls);
  dropSslCerts(sim, instance);
  saveInstance(sim, { ...instance, serverCaCert });
}
