// `node bench/cluster.js`: three nodes, clients on each, many topics: how long a message takes from
// a client of one node to the subscribers on the others, and what nodes and broker need for it.

const { execFileSync } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { cpuOf, freePort, start, startNats } = require('./cluster/broker');
const { prepare } = require('./servers');

const { values } = parseArgs({
  options: {
    systems: { type: 'string', default: 'wsserver,socketio,nats' },
    /** Of each node. */
    clients: { type: 'string', default: '5000' },
    topics: { type: 'string', default: '1000' },
    /** All clients together. */
    'deliveries-per-second': { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
  },
});
const NODES = 3;
const clients = Number(values.clients);
const topics = Number(values.topics);
const AT_ONCE = 50;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function startNodes(name, broker) {
  const ports = await Promise.all(Array.from({ length: NODES }, freePort));
  const script = path.join(__dirname, 'cluster', `${name}.js`);
  const starting = ports.map((port) => start(process.execPath, [script, port, broker], port));
  return { ports, nodes: await Promise.all(starting) };
}

/**
 * Each starts what it needs, and has connect(node, topic, onText), which resolves with
 * publish(topic, text).
 */
const systems = {
  async wsserver() {
    const { WebSocket } = require('ws');
    const nats = await startNats();
    const { ports, nodes } = await startNodes('wsserver', `nats://127.0.0.1:${nats.port}`);
    return {
      nodes,
      broker: nats.child,
      async connect(node, topic, onText) {
        const socket = new WebSocket(`ws://127.0.0.1:${ports[node]}/${topic}`);
        socket.on('message', (data) => onText(data.toString()));
        await once(socket, 'open');
        return (to, text) => socket.send(`${to} ${text}`);
      },
    };
  },
  async socketio() {
    const { io } = require('socket.io-client');
    const port = await freePort();
    const args = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const broker = await start('redis-server', args, port);
    const { ports, nodes } = await startNodes('socketio', `redis://127.0.0.1:${port}`);
    return {
      nodes,
      broker,
      async connect(node, topic, onText) {
        const options = { transports: ['websocket'], forceNew: true, query: { topic } };
        const socket = io(`http://127.0.0.1:${ports[node]}`, options);
        socket.on('message', onText);
        await new Promise((resolve) => socket.on('connect', resolve));
        return (to, text) => socket.emit('publish', to, text);
      },
    };
  },
  /** Without any node: the clients speak NATS over WebSocket. */
  async nats() {
    globalThis.WebSocket = require('ws').WebSocket;
    const { wsconnect } = require('@nats-io/nats-core');
    const nats = await startNats();
    return {
      nodes: [],
      broker: nats.child,
      async connect(_, topic, onText) {
        const connection = await wsconnect({ servers: `ws://127.0.0.1:${nats.webSocketPort}` });
        connection.subscribe(topic, { callback: (_, message) => onText(message.string()) });
        await connection.flush();
        return (to, text) => connection.publish(to, text);
      },
    };
  },
};

const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);

async function measure(name) {
  const system = await systems[name]();
  const latencies = [];
  let received = 0;
  const onText = (node, text) => {
    const [sent, from] = text.split(' ');
    received++;
    // Also of those that are on the publisher's own node; what is compared is the way between two.
    if (Number(from) !== node) latencies.push(performance.now() - Number(sent));
  };
  const publishers = [];
  for (let index = 0; index < clients * NODES; index += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, clients * NODES - index) }, (_, offset) => {
      const node = (index + offset) % NODES;
      const topic = `t${Math.floor((index + offset) / NODES) % topics}`;
      return system.connect(node, topic, (text) => onText(node, text));
    });
    publishers.push(...(await Promise.all(some)));
  }
  await sleep(2000);
  const perSecond = (Number(values['deliveries-per-second']) * topics) / (clients * NODES);
  const run = async (seconds) => {
    const began = performance.now();
    let sent = 0;
    while (performance.now() - began < seconds * 1000) {
      const due = ((performance.now() - began) / 1000) * perSecond;
      for (; sent < due; sent++) {
        const index = Math.floor(Math.random() * publishers.length);
        const topic = `t${Math.floor(Math.random() * topics)}`;
        publishers[index](topic, `${performance.now()} ${index % NODES}`);
      }
      await sleep(1);
    }
    return sent;
  };
  await run(2);
  await sleep(500);
  latencies.length = received = 0;
  const cpu = () => [sum(system.nodes.map(cpuOf)), cpuOf(system.broker)];
  const before = cpu();
  const sent = await run(Number(values.seconds));
  await sleep(500);
  const [nodes, broker] = cpu().map((now, index) => now - before[index]);
  latencies.sort((a, b) => a - b);
  const at = (share) => Number(latencies[Math.floor(latencies.length * share)].toFixed(2));
  for (const child of [...system.nodes, system.broker]) child.kill('SIGKILL');
  const wanted = sent * ((clients * NODES) / topics);
  return {
    system: name,
    p50: at(0.5),
    p99: at(0.99),
    'deliveries/s': Math.round(received / Number(values.seconds)),
    missing: wanted - received,
    'nodes, µs/delivery': Number(((nodes / received) * 1e6).toFixed(1)),
    'broker, µs/delivery': Number(((broker / received) * 1e6).toFixed(1)),
  };
}

async function main() {
  if (process.env.MEASURE !== undefined) {
    console.log(JSON.stringify(await measure(process.env.MEASURE)));
    process.exit();
  }
  prepare([]);
  const rows = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const name of values.systems.split(',')) {
      const args = ['-c', '1', process.execPath, __filename, ...process.argv.slice(2)];
      const env = { ...process.env, MEASURE: name };
      const stdio = ['ignore', 'pipe', 'inherit'];
      rows.push(JSON.parse(execFileSync('taskset', args, { env, stdio }).toString()));
    }
  }
  console.table(rows.toSorted((a, b) => a.system.localeCompare(b.system)));
}

main();
