import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { serverEnvironment } from '../support/python.ts';

export interface RunningServer {
  url: string;
  stop(): Promise<void>;
}

/** Starts a real MLflow server on SQLite in a new folder, and resolves when it answers. */
export async function startMlflow(): Promise<RunningServer> {
  const environment = await serverEnvironment();
  const folder = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-server-'));
  const port = await freePort();
  const options = ['--workers', '1', '--backend-store-uri', 'sqlite:///mlflow.db', '--artifacts-destination', './artifacts'];
  const child = spawn(
    path.join(environment, 'bin', 'mlflow'),
    ['server', '--host', '127.0.0.1', '--port', String(port), ...options],
    {
      cwd: folder,
      env: {
        ...process.env,
        PATH: `${path.join(environment, 'bin')}:${process.env['PATH']}`,
        MLFLOW_DISABLE_TELEMETRY: 'true',
        MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
      },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const log = createWriteStream(path.join(folder, 'server.log'));
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const url = `http://127.0.0.1:${port}`;
  await answers(`${url}/health`, child, path.join(folder, 'server.log'));
  return { url, stop: () => ended(child) };
}

/** Starts a server that answers every request alike. */
export async function startAnswering(status: number, body: string, headers: Record<string, string> = {}): Promise<RunningServer> {
  return listen((incoming, answer) => {
    incoming.resume();
    incoming.on('end', () => answer.writeHead(status, { 'content-type': 'text/plain', ...headers }).end(body));
  });
}

/** Starts a door before `url` that lets in those with this username and password, and answers 401 to the others. */
export async function startGate(url: string, username: string, password: string): Promise<RunningServer> {
  const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return listen((incoming, answer) => {
    if (incoming.headers.authorization !== expected) {
      incoming.resume();
      incoming.on('end', () => answer.writeHead(401, { 'www-authenticate': 'Basic realm="mlflow"' }).end('Unauthorized'));
      return;
    }
    const { host: _host, ...headers } = incoming.headers;
    const forwarded = request(`${url}${incoming.url}`, { method: incoming.method, headers }, (from) => {
      answer.writeHead(from.statusCode ?? 502, from.headers);
      from.pipe(answer);
    });
    forwarded.on('error', () => answer.destroy());
    incoming.pipe(forwarded);
  });
}

/** A port of the loopback address where nothing listens. */
export async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listen(handle: (incoming: IncomingMessage, answer: ServerResponse) => void): Promise<RunningServer> {
  const server: Server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answers(url: string, child: ChildProcess, log: string): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`The MLflow server ended with status ${child.exitCode}; see ${log}`);
    const ready = await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ready) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`The MLflow server did not answer; see ${log}`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  // The server's workers are in its process group.
  process.kill(-child.pid, 'SIGKILL');
  await gone;
}
