// `wsserver load` against servers that do well and servers that do not: what it counts, and that
// it always ends.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { WSServer } from 'native-wsserver';

const cli = path.join(require.resolve('native-wsserver/package.json'), '../dist/cli/main.js');

/** What these tests look at of the result. */
interface Result {
  interrupted: boolean;
  connections: { ok: number; refused: number; timedOut: number; perSecond: number };
  messages: {
    sent: number;
    received: number;
    compressed: number;
    perSecond: number;
    mismatches: number;
  };
  errorCount: number;
  errors: { kind: string; detail: number; count: number; text: string }[];
  latencyMs?: { p50: number; max: number };
  server?: { cpuUsPerMessage?: number; residentBytes: number };
  series: unknown[];
}

interface Run {
  status: number | null;
  stdout: string;
  stderr: string;
  /** Of --json; undefined if there is none. */
  result: Result;
  html: string;
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'wsserver-load-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Runs the command. `onStart` gets a function that interrupts it. */
function run(args: string[], onStart: (interrupt: () => void) => void = () => {}): Promise<Run> {
  const child = spawn(process.execPath, [cli, 'load', ...args]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (bytes) => {
    stdout += bytes;
  });
  child.stderr.on('data', (bytes) => {
    stderr += bytes;
  });
  onStart(() => child.kill('SIGINT'));
  return new Promise((resolve) => {
    child.on('close', (status) => {
      resolve({ status, stdout, stderr, result: undefined as unknown as Result, html: '' });
    });
  });
}

/** Runs it for a short time against `port`. */
async function load(
  t: TestContext,
  port: number,
  args: string[] = [],
  onStart?: (interrupt: () => void) => void,
): Promise<Run> {
  const folder = temporaryFolder(t);
  const json = path.join(folder, 'result.json');
  const html = path.join(folder, 'report.html');
  const short = ['--connections', '4', '--duration', '0.2', '--warmup', '0'];
  const url = `ws://127.0.0.1:${port}/`;
  const done = await run([url, ...short, '--json', json, '--html', html, ...args], onStart);
  assert.ok(done.stdout !== '', done.stderr);
  return {
    ...done,
    result: JSON.parse(readFileSync(json, 'utf8')) as Result,
    html: readFileSync(html, 'utf8'),
  };
}

async function echoServer(t: TestContext): Promise<WSServer> {
  const server = new WSServer({ localHost: '127.0.0.1' });
  server.on('DataIn', (event) => {
    if (event.dataFormat === 1) server.sendText(event.connectionId, event.text);
    else server.sendBytes(event.connectionId, event.textB);
  });
  await server.startListening();
  t.after(() => server.shutdown());
  return server;
}

/** A TCP server that does with each connection what `serve` does. */
async function rawServer(t: TestContext, serve: (socket: net.Socket) => void): Promise<number> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as net.AddressInfo).port;
}

/** Answers the upgrade request rightly and then sends `bytes`, and once more for what comes then. */
function opens(bytes: number[], later: number[] = []): (socket: net.Socket) => void {
  return (socket) => {
    let head = '';
    socket.on('data', (received) => {
      if (head.endsWith('\r\n\r\n')) {
        socket.write(Buffer.from(later));
        return;
      }
      head += received.toString('latin1');
      const [, key = ''] = /Sec-WebSocket-Key: (.*)\r\n/.exec(head) ?? [];
      const accept = createHash('sha1')
        .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64');
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.write(Buffer.from(bytes));
    });
  };
}

const answers = (text: string) => (socket: net.Socket) => {
  socket.on('data', () => socket.write(text));
};

describe('load', { concurrency: 4 }, () => {
  const modes: [string, string[]][] = [
    ['binary', []],
    ['text', ['--text', '--size', '300']],
    ['several in flight', ['--in-flight', '16', '--size', '1']],
    ['large messages', ['--size', '300000']],
    ['compressed', ['--deflate', '--text', '--size', '2000']],
    ['an open loop', ['--messages-per-second', '2000']],
    ['several processes', ['--processes', '2', '--local-address', '127.0.0.2']],
    ['churn', ['--churn']],
  ];
  for (const [name, args] of modes) {
    test(`an echo server: ${name}`, async (t) => {
      const server = await echoServer(t);
      const { status, result, html } = await load(t, server.localPort, args);
      assert.equal(result.errorCount, 0, JSON.stringify(result.errors));
      assert.equal(status, 0);
      assert.ok(result.connections.ok >= 4);
      assert.ok(result.messages.received > 10);
      assert.equal(result.messages.mismatches, 0);
      const compressed = args.includes('--deflate') ? result.messages.received : 0;
      assert.equal(result.messages.compressed, compressed);
      assert.ok((result.latencyMs?.p50 ?? 0) > 0);
      assert.ok(result.series.length > 1);
      assert.ok(html.includes('<svg') && !/(src|href)=/.test(html));
    });
  }

  test('idle connections, and what the server uses', async (t) => {
    const server = await echoServer(t);
    const { result } = await load(t, server.localPort, ['--idle', '--pid', `${process.pid}`]);
    assert.equal(result.connections.ok, 4);
    assert.equal(result.messages.sent, 0);
    if (process.platform === 'linux') assert.ok((result.server?.residentBytes ?? 0) > 1e6);
  });

  test('a rate of messages is kept', async (t) => {
    const server = await echoServer(t);
    const args = ['--messages-per-second', '1000', '--duration', '1'];
    const { result } = await load(t, server.localPort, args);
    assert.ok(Math.abs(result.messages.sent - 1000) < 100, `${result.messages.sent}`);
  });

  const close = (code: number): number[] => [0x88, 2, code >> 8, code & 0xff];
  const bad: [string, (socket: net.Socket) => void, { kind: string; detail: number }][] = [
    ['that never answers', () => {}, { kind: 'timedOut', detail: 0 }],
    ['that hangs up', (socket) => socket.end(), { kind: 'closedEarly', detail: 1006 }],
    [
      'that resets',
      (socket) => socket.on('data', () => socket.resetAndDestroy()),
      { kind: 'reset', detail: 0 },
    ],
    [
      'that refuses',
      answers('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'),
      { kind: 'badStatus', detail: 404 },
    ],
    ['of another protocol', answers('SSH-2.0\r\n'), { kind: 'badAnswer', detail: 0 }],
    [
      'that answers another key',
      answers(
        'HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
      ),
      { kind: 'badAnswer', detail: 0 },
    ],
    ['that closes', opens(close(1001)), { kind: 'closedEarly', detail: 1001 }],
    ['that masks', opens([0x82, 0x80, 0, 0, 0, 0]), { kind: 'protocol', detail: 1002 }],
    ['that sends no UTF-8', opens([], [0x81, 1, 0xff]), { kind: 'protocol', detail: 1007 }],
    ['that sends something else', opens([], [0x82, 1, 0x78]), { kind: 'mismatch', detail: 0 }],
    ['that speaks unasked', opens([0x82, 1, 0x78]), { kind: 'mismatch', detail: 0 }],
  ];
  for (const [name, serve, expected] of bad) {
    test(`a server ${name}`, async (t) => {
      const port = await rawServer(t, serve);
      const { result } = await load(t, port, ['--timeout', '0.5']);
      assert.ok(result.errorCount >= 4);
      const kinds = new Set(result.errors.map(({ kind, detail }) => `${kind} ${detail}`));
      assert.deepEqual([...kinds], [`${expected.kind} ${expected.detail}`]);
      assert.ok(result.errors[0]?.text);
    });
  }

  test('nobody listens', async (t) => {
    const port = await new Promise<number>((resolve) => {
      const server = net.createServer().listen(0, '127.0.0.1', () => {
        const { port: free } = server.address() as net.AddressInfo;
        server.close(() => resolve(free));
      });
    });
    const { status, result } = await load(t, port);
    assert.equal(status, 1);
    assert.equal(result.connections.refused, 4);
  });

  test('a host that is not there', async () => {
    const { status, stderr } = await run(['ws://host.invalid/']);
    assert.equal(status, 1);
    assert.match(stderr, /host\.invalid/);
  });

  test('an interrupt keeps what there is', async (t) => {
    let interrupt = (): void => {};
    const server = await echoServer(t);
    server.once('DataIn', () => interrupt());
    const args = ['--duration', '1000'];
    const { result } = await load(t, server.localPort, args, (signal) => {
      interrupt = signal;
    });
    assert.equal(result.interrupted, true);
    assert.equal(result.connections.ok, 4);
  });

  test('conditions', async (t) => {
    const server = await echoServer(t);
    const rows: [string, number][] = [
      ['errors>0', 0],
      ['connects<4', 0],
      ['p99>10s', 0],
      ['p50>=1ns', 1],
      ['messages/s<=1000000000', 1],
      ['cpu>1s', 1], // was not measured
    ];
    await Promise.all(
      rows.map(async ([condition, expected]) => {
        const { status, stderr } = await load(t, server.localPort, ['--fail-if', condition]);
        assert.equal(status, expected, condition);
        assert.equal(stderr.includes(condition), expected === 1);
      }),
    );
  });

  test('help', async () => {
    const { status, stdout } = await run(['--help']);
    assert.equal(status, 0);
    assert.match(stdout, /^Usage: wsserver load/);
  });

  test('arguments that are wrong', async () => {
    const url = 'ws://127.0.0.1/';
    const rows: string[][] = [
      [],
      [url, url],
      ['nonsense'],
      ['http://127.0.0.1/'],
      ['wss://127.0.0.1/'],
      ['ws://user:word@127.0.0.1/'],
      [url, '--no-such-option'],
      [url, '--connections', '0'],
      [url, '--rate', '-1'],
      [url, '--duration', '0'],
      [url, '--text', '--binary'],
      [url, '--size', '1', '--file', 'x'],
      [url, '--idle', '--churn'],
      [url, '--file', '/no/such/file'],
      [url, '--header', 'no colon'],
      [url, '--subprotocol', 'two words'],
      [url, '--local-address', 'localhost'],
      [url, '--fail-if', 'p99>5'],
      [url, '--fail-if', 'errors>1ms'],
      [url, '--fail-if', 'nothing>1'],
    ];
    const ends = await Promise.all(rows.map((args) => run(args)));
    ends.forEach(({ status, stdout, stderr }, index) => {
      assert.equal(status, 2, JSON.stringify(rows[index]));
      assert.equal(stdout, '');
      assert.match(stderr, /Usage: wsserver load/);
    });
  });
});
