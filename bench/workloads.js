// What is measured. A row becomes the arguments of `wsserver load`.

const KIB = 1024;

/** [connections, size, in flight] of the echo workloads, each as binary and as text. */
const echoes = [
  [64, 20, 1],
  [64, 20, 16],
  [512, 20, 1],
  [8000, 20, 1],
  [64, KIB, 1],
  [64, KIB, 16],
  [16, 64 * KIB, 1],
  [4, KIB * KIB, 1],
];

function sizeText(bytes) {
  if (bytes < KIB) return `${bytes} B`;
  return bytes < KIB * KIB ? `${bytes / KIB} KiB` : `${bytes / KIB / KIB} MiB`;
}

function echo([connections, size, inFlight], type) {
  const flight = inFlight === 1 ? '' : `, ${inFlight} in flight`;
  return {
    name: `${connections}x${size}x${inFlight}-${type}`,
    title: `${connections} × ${sizeText(size)} ${type}${flight}`,
    kind: 'cpu',
    size,
    args: ['--connections', connections, '--size', size, '--in-flight', inFlight, `--${type}`],
  };
}

function deflate(inFlight) {
  const row = echo([64, KIB, inFlight], 'text');
  return {
    ...row,
    name: `deflate-${inFlight}`,
    title: `${row.title}, JSON, compressed`,
    args: [...row.args, '--deflate'],
    deflate: true,
  };
}

/** An echo workload over TLS. */
function secure(row) {
  const plain = echo(row, 'binary');
  return { ...plain, name: `tls-${plain.name}`, kind: 'tls', tls: true };
}

function handshakes(name, title, more) {
  return {
    name: `tls-connect-${name}`,
    title: `${title}, upgrade, one message, close`,
    kind: 'handshake',
    args: ['--connections', 64, '--churn', ...more],
    tls: true,
  };
}

/** One message to many: what one connection sends comes to all. */
function publish(name, connections, inFlight, size, more = {}) {
  const flight = inFlight === 1 ? 'one at a time' : `${inFlight} at a time`;
  const { title = '', args = [], ...rest } = more;
  return {
    name: `publish-${name}`,
    title: `${sizeText(size)} to ${connections.toLocaleString('en-US')}, ${flight}${title}`,
    kind: 'publish',
    publish: true,
    args: [
      ...['--broadcast', '--connections', connections, '--size', size, '--in-flight', inFlight],
      ...args,
    ],
    ...rest,
  };
}

const workloads = [
  ...['binary', 'text'].flatMap((type) => echoes.map((row) => echo(row, type))),
  deflate(1),
  deflate(16),
  {
    name: 'connect',
    title: 'connect, upgrade, one message, close',
    kind: 'cpu',
    args: ['--connections', 64, '--churn'],
  },
  {
    name: 'latency',
    title: '64 × 20 B binary at 20,000 messages/s',
    kind: 'p99',
    args: ['--connections', 64, '--messages-per-second', 20000],
    // At so few messages the compiler is at work for seconds, on the server's core.
    leastWarmup: 4,
  },
  {
    name: 'memory',
    title: 'memory per idle connection, 10,000',
    kind: 'memory',
    connections: 10000,
  },
  {
    name: 'deflate-memory',
    title: 'the same with permessage-deflate agreed on',
    kind: 'memory',
    connections: 10000,
    deflate: true,
  },
  secure([64, 20, 1]),
  secure([64, 20, 16]),
  secure([64, KIB, 1]),
  secure([16, 64 * KIB, 1]),
  handshakes('full', 'full handshake', []),
  { ...handshakes('resumed', 'resumed handshake', ['--resume']), resumed: true },
  {
    name: 'tls-memory',
    title: 'memory per idle TLS connection, 10,000',
    kind: 'memory',
    connections: 10000,
    tls: true,
  },
  publish('1000x1', 1000, 1, 100),
  publish('1000x16', 1000, 16, 100),
  publish('10000x1', 10000, 1, 100),
  publish('deflate', 1000, 1, KIB, {
    title: ', JSON text, compressed',
    args: ['--text', '--deflate'],
    deflate: true,
  }),
  publish('tls', 1000, 16, 100, { title: ', TLS', tls: true }),
  { name: 'start', title: 'from require to listening', kind: 'start' },
];

/** What a kind shows: its unit, and where it is found in a measurement. */
const kinds = {
  cpu: { title: 'Server CPU per message', unit: 'µs', key: 'cpuUs' },
  p99: { title: 'Latency at equal load, 99th percentile', unit: 'µs', key: 'p99Us' },
  tls: { title: 'Server CPU per message over TLS', unit: 'µs', key: 'cpuUs' },
  handshake: { title: 'Server CPU per connection over TLS', unit: 'µs', key: 'cpuUs' },
  publish: { title: 'Server CPU per delivered message', unit: 'µs', key: 'cpuUs' },
  memory: { title: 'Memory', unit: 'KB', key: 'kilobytes' },
  start: { title: 'Start', unit: 'ms', key: 'startMs' },
};

module.exports = { kinds, workloads };
