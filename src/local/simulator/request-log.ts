import { once } from 'node:events';
import type { WriteStream } from 'node:fs';
import { createReadStream, createWriteStream, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import type { ServerResponse } from 'node:http';

/** Then the part before the last rotation is given up. */
const ROTATE_BYTES = 128 * 1024 * 1024;

/** One request: no bodies, no headers but the user agent, no credentials. */
export interface LoggedRequest {
  /** ISO time of its arrival. */
  time: string;
  method: string;
  host: string;
  /** Without the query. */
  path: string;
  /** The query with credentials and signatures struck out; left out when there is none. */
  query?: string;
  /** 0: the connection was cut before an answer. */
  status: number;
  userAgent: string;
  durationMs: number;
}

/** What was asked, as NDJSON on disk: it takes no memory however long it gets. */
export class RequestLog {
  private readonly file: string;
  private readonly rotateBytes: number;
  private stream: WriteStream;
  private bytes: number;
  private readonly followers = new Set<ServerResponse>();

  /** Throws the system's error when the file cannot be written. */
  constructor(file: string, rotateBytes: number = ROTATE_BYTES) {
    this.file = file;
    this.rotateBytes = rotateBytes;
    this.bytes = existsSync(file) ? statSync(file).size : 0;
    this.stream = this.open();
  }

  private open(): WriteStream {
    const stream = createWriteStream(this.file, { fd: openSync(this.file, 'a', 0o600) });
    // A full disk must not end the simulator: the log has gaps then.
    stream.on('error', () => stream.destroy());
    return stream;
  }

  add(entry: LoggedRequest): void {
    const line = `${JSON.stringify(entry)}\n`;
    this.bytes += Buffer.byteLength(line);
    if (!this.stream.destroyed) this.stream.write(line);
    for (const follower of this.followers) follower.write(line);
    if (this.bytes > this.rotateBytes) this.rotate();
  }

  private rotate(): void {
    this.stream.end();
    renameSync(this.file, `${this.file}.1`);
    this.bytes = 0;
    this.stream = this.open();
  }

  /** Sends all of it, and with `follow` what is still to come. */
  async sendTo(response: ServerResponse, follow: boolean): Promise<void> {
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    await this.flush();
    const files = [`${this.file}.1`, this.file].filter((name) => existsSync(name));
    const ends = files.map((name) => statSync(name).size);
    if (follow) {
      this.followers.add(response);
      response.on('close', () => this.followers.delete(response));
    }
    for (const [place, name] of files.entries()) {
      const end = ends[place] as number;
      if (end === 0) continue;
      for await (const chunk of createReadStream(name, { end: end - 1 })) {
        if (response.destroyed) return;
        if (!response.write(chunk)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
      }
    }
    if (!follow) response.end();
  }

  async clear(): Promise<void> {
    await this.flush();
    this.stream.end();
    rmSync(`${this.file}.1`, { force: true });
    rmSync(this.file, { force: true });
    this.bytes = 0;
    this.stream = this.open();
  }

  private async flush(): Promise<void> {
    if (this.stream.destroyed) return;
    await new Promise<void>((resolve) => {
      this.stream.write('', () => resolve());
    });
  }

  async close(): Promise<void> {
    for (const follower of this.followers) follower.end();
    if (this.stream.destroyed) return;
    this.stream.end();
    await once(this.stream, 'close');
  }
}

const SECRET_QUERY = /(^|&)([^=&]*(?:token|signature|key|upload_id|password)[^=&]*)=[^&]*/gi;

/** The query as it may be written down. */
export function withoutCredentials(query: string): string {
  return query.replaceAll(SECRET_QUERY, '$1$2=…');
}
