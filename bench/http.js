// `node bench/http.js [SECONDS] [ROUNDS]`: what a request costs that is handed over to an httpServer, beside
// one that Node's own listener has accepted: CPU of the server's process for each, in rounds of so many
// seconds (3) that take turns (5), on new connections and on kept ones, in plain text and under TLS.
// Prints the medians, and the difference.

const { fork } = require('node:child_process');
const { once } = require('node:events');
const { readFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const tls = require('node:tls');
const { certificate } = require('./certificate');

const CLIENTS = 32;

function listener(_, response) {
  response.end('Hello, world');
}

async function listen(kind, secure) {
  const pair = secure && {
    cert: readFileSync(certificate().cert),
    key: readFileSync(certificate().key),
  };
  if (kind === 'ours') {
    const { WSServer } = require('..');
    const httpServer = http.createServer(listener);
    const server = new WSServer({
      localHost: '127.0.0.1',
      httpServer,
      ...(secure ? { certificate: pair } : {}),
      settings: { MaxConnections: 10000 },
    });
    await server.startListening();
    return server.localPort;
  }
  const server = secure ? https.createServer(pair, listener) : http.createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

async function serve(kind, secure) {
  process.on('message', () => process.send(process.cpuUsage()));
  process.send(await listen(kind, secure));
}

/** Asks again and again until `isOver`; counts answers. */
function ask(port, secure, keep, count, isOver) {
  return new Promise((resolve, reject) => {
    const request = `GET / HTTP/1.1\r\nHost: localhost\r\nConnection: ${keep ? 'keep-alive' : 'close'}\r\n\r\n`;
    const options = { host: '127.0.0.1', port, rejectUnauthorized: false };
    const start = () => {
      if (isOver()) return resolve();
      const socket = secure ? tls.connect(options) : net.connect(options);
      let text = '';
      const next = () => socket.write(request);
      socket.once(secure ? 'secureConnect' : 'connect', next);
      socket.on('data', (bytes) => {
        text += bytes.toString('latin1');
        if (!text.includes('Hello, world')) return;
        text = '';
        count();
        if (keep && !isOver()) next();
        else if (keep) socket.end();
      });
      socket.on('end', () => socket.end());
      socket.on('error', reject);
      socket.on('close', start);
    };
    start();
  });
}

async function round(server, secure, keep, seconds) {
  const { port, child } = server;
  const usage = async () => {
    child.send('usage');
    const [{ user, system }] = await once(child, 'message');
    return user + system;
  };
  let answers = 0;
  const endsAt = Date.now() + seconds * 1000;
  const before = await usage();
  const clients = Array.from({ length: CLIENTS }, () =>
    ask(
      port,
      secure,
      keep,
      () => {
        answers++;
      },
      () => Date.now() >= endsAt,
    ),
  );
  await Promise.all(clients);
  return ((await usage()) - before) / answers;
}

function medianOf(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

async function start(kind, secure) {
  const child = fork(__filename, ['serve', kind, secure ? 'tls' : '']);
  const [port] = await once(child, 'message');
  return { child, port };
}

async function main(seconds, rounds) {
  for (const secure of [false, true]) {
    for (const keep of [false, true]) {
      const servers = { ours: await start('ours', secure), node: await start('node', secure) };
      const costs = { ours: [], node: [] };
      // The first of each warms up.
      for (let index = 0; index <= rounds; index++) {
        for (const kind of index % 2 === 0 ? ['ours', 'node'] : ['node', 'ours']) {
          const cost = await round(servers[kind], secure, keep, seconds);
          if (index > 0) costs[kind].push(cost);
        }
      }
      for (const { child } of Object.values(servers)) child.kill();
      const [ours, node] = [medianOf(costs.ours), medianOf(costs.node)];
      const what = `${secure ? 'TLS' : 'plain'}, ${keep ? 'kept alive' : 'new connections'}`;
      const times = [ours, node, ours - node].map((us) => us.toFixed(1));
      console.log(
        `${what}: handed over ${times[0]} µs, Node's own ${times[1]} µs, ${times[2]} µs more`,
      );
    }
  }
}

if (process.argv[2] === 'serve') void serve(process.argv[3], process.argv[4] === 'tls');
else void main(Number(process.argv[2] ?? 3), Number(process.argv[3] ?? 5));
