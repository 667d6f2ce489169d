import { Agent, request } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';

export interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: Buffer;
}

export interface Request {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: Buffer;
}

/** One connection (or several, for HTTP/1.1) to a server on this machine. */
export interface HttpClient {
  ask(request: Request): Promise<Answer>;
  close(): void;
}

export function http1(port: number): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const ask = ({ method = 'GET', path, headers = {}, body }: Request) =>
    new Promise<Answer>((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': body.length };
      const outgoing = request(
        { host: '127.0.0.1', port, agent, method, path, headers: { ...length, ...headers } },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('end', () =>
            resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }),
          );
          incoming.on('error', reject);
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  return { ask, close: () => agent.destroy() };
}

/** HTTP/2 without TLS and with prior knowledge, as Cloud Run speaks to a container. Node itself limits what a session may have pending: in MB. */
export function http2(port: number): HttpClient {
  const session: ClientHttp2Session = connectHttp2(`http://127.0.0.1:${port}`, { maxSessionMemory: 1000 });
  session.on('error', () => undefined);
  const ask = ({ method = 'GET', path, headers = {}, body }: Request) =>
    new Promise<Answer>((resolve, reject) => {
      const stream = session.request({ ...headers, ':method': method, ':path': path });
      const chunks: Buffer[] = [];
      let answer: Record<string, unknown> | undefined;
      stream.on('response', (received) => {
        answer = received;
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', reject);
      stream.on('close', () => {
        if (answer === undefined) reject(new Error('no answer'));
        else resolve({ status: Number(answer[':status']), headers: answer, body: Buffer.concat(chunks) });
      });
      stream.end(body);
    });
  return { ask, close: () => session.destroy() };
}

/** Sends the lines as they are and returns the status of the answer: for what no client library would send. */
export async function rawStatus(port: number, lines: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write([...lines, 'Connection: close', '', ''].join('\r\n')));
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')));
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0)));
  });
}
