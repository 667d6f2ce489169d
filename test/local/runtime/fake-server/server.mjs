// A small server in place of MLflow: answers with what it saw, and behaves as its environment says.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const { PORT, FAKE_ANSWER = 'one', FAKE_FAULT } = process.env;
console.log(`starting ${FAKE_ANSWER}`);
if (FAKE_FAULT === 'exit') {
  console.error('the database is not there');
  process.exit(3);
}
let aborted = 0;

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://unused');
  if (url.pathname === '/health') {
    response.statusCode = FAKE_FAULT === 'unready' ? 500 : 200;
    return response.end('OK');
  }
  if (url.pathname === '/crash') process.exit(9);
  if (url.pathname === '/aborted') return response.end(String(aborted));
  if (url.pathname === '/early') {
    response.statusCode = 401;
    return response.end('no');
  }
  if (url.pathname === '/redirect') {
    response.writeHead(302, { location: `https://${request.headers.host}/elsewhere` });
    return response.end();
  }
  if (url.pathname === '/slow') {
    response.write('begin ');
    request.on('close', () => (aborted += response.writableFinished ? 0 : 1));
    return setTimeout(() => response.end('end'), Number(url.searchParams.get('ms')));
  }
  if (url.pathname === '/echo') {
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    return request.pipe(response);
  }
  if (url.pathname === '/size') {
    let size = 0;
    request.on('data', (chunk) => (size += chunk.length));
    return request.on('end', () => response.end(String(size)));
  }
  response.setHeader('content-type', 'application/json');
  response.setHeader('set-cookie', ['a=1', 'b=2']);
  response.end(
    JSON.stringify({
      answer: FAKE_ANSWER,
      pid: process.pid,
      url: request.url,
      headers: request.rawHeaders,
      env: process.env,
      cwd: process.cwd(),
    }),
  );
});

// As servers in other languages have it: one who is refused is not asked for the body, and the connection ends.
server.on('checkContinue', (request, response) => {
  if (request.url === '/early') {
    response.writeHead(401, { connection: 'close' });
    response.end('no', () => request.socket.destroy());
    return;
  }
  response.writeContinue();
  server.emit('request', request, response);
});

server.on('upgrade', (request, socket) => {
  if (request.url === '/refused') return socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.on('data', (data) => socket.write(data.toString().toUpperCase()));
});
process.on('SIGTERM', () => {
  console.log('told to end');
  if (FAKE_FAULT !== 'deaf') process.exit(0);
});
server.listen(Number(PORT), process.env.HOST);
