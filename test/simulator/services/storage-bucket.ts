import type { TestSimulator } from '../../support/simulator.ts';

/** Where the JSON API has buckets, and where it takes their objects. */
export const B = 'https://storage.googleapis.com/storage/v1/b';
export const U = 'https://storage.googleapis.com/upload/storage/v1/b';

/** Calls for the objects of one bucket, or of another one that is named. `sim`: the simulator, once it runs. */
export function objectsOf(sim: () => TestSimulator, own: string) {
  return {
    /** Uploads the bytes as one object. */
    put: (name: string, data: string | Buffer, query = '', headers: Record<string, string> = {}, bucket = own) =>
      sim().call('POST', `${U}/${bucket}/o?uploadType=media&name=${encodeURIComponent(name)}${query}`, data, {
        headers: { 'content-type': 'text/plain', ...headers },
      }),
    /** The object's address. */
    at: (name: string, bucket = own) => `${B}/${bucket}/o/${encodeURIComponent(name)}`,
  };
}
