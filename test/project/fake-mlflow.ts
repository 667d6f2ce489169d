import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

const ARTIFACTS = '/api/2.0/mlflow-artifacts/artifacts';

/** What of the server is not as it should be. */
export interface Faults {
  /** Lets everybody in. */
  open?: boolean;
  unhealthy?: boolean;
  version?: string;
  /** Largest body that it takes. */
  limit?: number;
  /** Gives other bytes back than it took. */
  garbles?: boolean;
  /** This many answers of 503 come first. */
  starting?: number;
}

export interface FakeMlflow {
  url: string;
  /** By their path below the artifacts' root. */
  artifacts: Map<string, Buffer>;
  asked: string[];
}

/** The few routes of an MLflow server, behind its gate, that a check from outside calls; it keeps artifacts. Gone after the test. */
export async function fakeMlflow(faults: Faults = {}): Promise<FakeMlflow> {
  const artifacts = new Map<string, Buffer>();
  const asked: string[] = [];
  const expected = `Basic ${Buffer.from('ann:hush').toString('base64')}`;
  const server = createServer((request, response) => {
    void answer(request).then(
      ({ status, body = '' }) => response.writeHead(status).end(body),
      () => response.destroy(),
    );
  });
  let starting = faults.starting ?? 0;
  const answer = async (request: IncomingMessage): Promise<{ status: number; body?: string | Buffer }> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://unused');
    asked.push(`${request.method} ${pathname}`);
    const body = await buffer(request);
    if (starting-- > 0) return { status: 503 };
    if (pathname === '/health') return { status: faults.unhealthy ? 500 : 200, body: 'OK' };
    if (faults.open !== true && request.headers.authorization !== expected) return { status: 401 };
    if (pathname === '/version') return { status: 200, body: faults.version ?? '3.17.2' };
    if (pathname === '/api/2.0/mlflow/experiments/search') return { status: 200, body: '{"experiments":[]}' };
    if (pathname === ARTIFACTS) return { status: 200, body: JSON.stringify({ files: files(searchParams.get('path') ?? '') }) };
    return artifact(request.method ?? '', pathname.slice(ARTIFACTS.length + 1), body);
  };
  const files = (folder: string) =>
    [...artifacts].flatMap(([name, bytes]) =>
      name.startsWith(`${folder}/`) ? [{ path: name.slice(folder.length + 1), is_dir: false, file_size: bytes.length }] : [],
    );
  const artifact = (method: string, name: string, body: Buffer) => {
    if (method === 'PUT') {
      if (body.length > (faults.limit ?? Number.POSITIVE_INFINITY)) return { status: 413, body: 'Request Entity Too Large' };
      artifacts.set(name, body);
      return { status: 200, body: '{}' };
    }
    const kept = artifacts.get(name);
    if (kept === undefined) return { status: 404 };
    if (method === 'DELETE') artifacts.delete(name);
    return { status: 200, body: method === 'DELETE' ? '{}' : faults.garbles ? Buffer.alloc(kept.length) : kept };
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, artifacts, asked };
}
