import type { Google } from './google.ts';

/** A backup that is kept apart from its instance. https://docs.cloud.google.com/sql/docs/postgres/admin-api/rest/v1/Backups */
export interface SqlBackup {
  /** `projects/P/backups/ID` */
  name: string;
  instance?: string;
  /** AUTOMATED, ON_DEMAND, FINAL. */
  type?: string;
  state?: string;
  /** ISO time at which it goes by itself. */
  expiryTime?: string;
  /** int64 as text. */
  maxChargeableBytes?: string;
}

/** The backups of an instance, whether that is still there or not. */
export async function listBackups(google: Google, args: { project: string; instance: string }): Promise<SqlBackup[]> {
  const found: SqlBackup[] = [];
  let pageToken: string | undefined;
  do {
    const { data } = await google.request<{ backups?: SqlBackup[]; nextPageToken?: string }>({
      method: 'GET',
      url: `https://sqladmin.googleapis.com/v1/projects/${args.project}/backups`,
      ...(pageToken && { params: { pageToken } }),
    });
    found.push(...(data.backups ?? []));
    pageToken = data.nextPageToken || undefined;
  } while (pageToken !== undefined);
  return found.filter(({ instance }) => instance?.split('/').at(-1) === args.instance);
}
