// The servers of the benchmark: how each is started, pinned to its core.

const { spawn, spawnSync } = require('node:child_process');
const { mkdirSync } = require('node:fs');
const path = require('node:path');
const { certificate } = require('./certificate');

const root = path.join(__dirname, '..');
const floor = path.join(root, 'build/bench/floor');
const bun = path.join(__dirname, 'node_modules/@oven/bun-linux-x64/bin/bun');
const file = (name) => path.join(__dirname, 'servers', name);
const face = path.join(root, 'dist/ws.js');

/** name in the tables, the command, and whether it can do without TLS only, or messages only. */
const servers = {
  wsserver: { title: 'native-wsserver', command: [process.execPath, file('wsserver.js')] },
  transient: {
    title: 'ours, transient',
    command: [process.execPath, file('wsserver.js'), '--transient'],
    messagesOnly: true,
  },
  face: { title: 'native-wsserver/ws', command: [process.execPath, file('ws.js'), face] },
  beside: {
    title: 'the same beside http',
    command: [process.execPath, file('ws.js'), face, '--beside'],
    plainOnly: true,
  },
  uws: { title: 'uWebSockets.js', command: [process.execPath, file('uwebsockets.js')] },
  bun: { title: 'Bun.serve', command: [bun, file('bun.js')] },
  ws: { title: 'ws', command: [process.execPath, file('ws.js')] },
  floor: { title: 'raw C++', command: [floor], plainOnly: true },
};

function run(command, ...args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
}

/** Builds the floor and installs the peers that are not there. */
function prepare(names) {
  try {
    for (const name of ['ws', 'bufferutil', 'uwebsockets', 'socket.io']) {
      require.resolve(name, { paths: [__dirname + path.sep] });
    }
    require.resolve('@oven/bun-linux-x64/package.json', { paths: [__dirname] });
  } catch {
    run('npm', 'install', '--prefix', __dirname, '--no-audit', '--no-fund');
  }
  if (names.includes('floor')) {
    mkdirSync(path.dirname(floor), { recursive: true });
    const sources = ['bench/floor.cc', 'native/base/digest.cc', 'native/ws/frame.cc'];
    run('g++', '-O3', '-std=c++20', '-Inative', ...sources, '-o', floor);
  }
}

/** Starts a server on `core`, which compresses, speaks TLS or publishes if so; resolves when it listens. */
function startServer(name, core, { deflate = false, tls = false, publish = false, env = {} } = {}) {
  const [command, ...args] = servers[name].command;
  const child = spawn('taskset', ['-c', String(core), command, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      ...env,
      NODE_ENV: 'production',
      DEFLATE: deflate ? '1' : '',
      PUBLISH: publish ? '1' : '',
      TLS_CERT: tls ? certificate().cert : '',
      TLS_KEY: tls ? certificate().key : '',
    },
  });
  return new Promise((resolve, reject) => {
    let said = '';
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`the server ${name} has ended (${code})`)));
    child.stdout.on('data', (bytes) => {
      said += bytes;
      const [, port, startMs] = /^listening (\d+) ?([\d.]*)\n/m.exec(said) ?? [];
      if (port === undefined) return;
      resolve({
        pid: child.pid,
        port: Number(port),
        startMs: startMs === '' ? undefined : Number(startMs),
        stop: () =>
          new Promise((stopped) => {
            child.removeAllListeners('exit');
            child.on('exit', stopped);
            child.kill('SIGKILL');
          }),
      });
    });
  });
}

module.exports = { prepare, servers, startServer };
