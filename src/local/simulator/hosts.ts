/** Whose path begins so is found at `www.googleapis.com` too. */
const WWW_PATHS: Record<string, string> = {
  storage: 'storage',
  upload: 'storage',
  download: 'storage',
  compute: 'compute',
  dns: 'dns',
  sql: 'sqladmin',
  oauth2: 'oauth2',
  userinfo: 'oauth2',
};

// `run.googleapis.com`, `run.mtls.googleapis.com`, `europe-west1-run.googleapis.com`, `storage.europe-west1.rep.googleapis.com`.
const API_HOST = /^(?:[a-z]+-[a-z]+\d+-)?([a-z][a-z0-9]*)(?:\.mtls|\.[a-z]+-[a-z]+\d+\.rep)?\.googleapis\.com$/;

/** The discovery name of the API that answers at this host (and path), known here or not. Undefined: not one of Google's API hosts. */
export function apiOfHost(host: string, path: string): string | undefined {
  if (host === 'www.googleapis.com') return WWW_PATHS[path.split('/')[1] ?? ''];
  return API_HOST.exec(host)?.[1];
}

/** The `Host` header, or what an absolute-form request names, in lower case and without the port. */
export function hostName(header: string | undefined): string {
  const text = (header ?? '').trim().toLowerCase();
  const bracketed = /^\[([0-9a-f:.]+)\]/.exec(text);
  return bracketed?.[1] ?? text.replace(/:\d+$/, '').replace(/\.$/, '');
}

export function isOwnHost(host: string): boolean {
  return host === '127.0.0.1' || host === 'localhost' || host === '::1';
}
