import type { Google } from './google.ts';
import type { Labels } from './labels.ts';
import type { Bucket } from './storage.ts';

/**
 * The buckets of the project that carry all of these labels; the API has no filter for them.
 * https://docs.cloud.google.com/storage/docs/json_api/v1/buckets/list
 */
export async function listBuckets(google: Google, args: { project: string; labels: Labels }): Promise<Bucket[]> {
  const found: Bucket[] = [];
  let pageToken: string | undefined;
  do {
    const { data } = await google.request<{ items?: Bucket[]; nextPageToken?: string }>({
      method: 'GET',
      url: 'https://storage.googleapis.com/storage/v1/b',
      params: {
        project: args.project,
        maxResults: '1000',
        fields: 'items(name,location,labels),nextPageToken',
        ...(pageToken && { pageToken }),
      },
    });
    found.push(...(data.items ?? []));
    pageToken = data.nextPageToken || undefined;
  } while (pageToken !== undefined);
  return found.filter(({ labels }) => Object.entries(args.labels).every(([key, value]) => labels?.[key] === value));
}
