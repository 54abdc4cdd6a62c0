// `wsserver load` against servers that do well and servers that do not: what it counts, and that
// it always ends.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import {
  loadUntil,
  load as loadUrl,
  type OnStart,
  type Run,
  rawServer,
  run,
} from '../support/load_command.js';
import { startEcho, startServer } from '../support/server.js';

/** A file with `content`, for as long as the test runs. */
function write(t: TestContext, content: string | Uint8Array): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'wsserver-load-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'messages');
  writeFileSync(file, content);
  return file;
}

const load = (t: TestContext, port: number, args?: string[], onStart?: OnStart): Promise<Run> =>
  loadUrl(t, `ws://127.0.0.1:${port}/`, args, onStart);

/**
 * Answers the upgrade request rightly, with `lines` added, and then sends `bytes`, and `later` for
 * what comes then.
 */
function opens(bytes: number[], later: number[] = [], lines = ''): (socket: net.Socket) => void {
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
          `Sec-WebSocket-Accept: ${accept}\r\n${lines}\r\n`,
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
      const server = await startEcho(t);
      const url = `ws://127.0.0.1:${server.localPort}/`;
      const { status, result, html } = await loadUntil(t, [server, 'DataIn', 200], url, args);
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
    const server = await startEcho(t);
    const { result } = await load(t, server.localPort, ['--idle', '--pid', `${process.pid}`]);
    assert.equal(result.connections.ok, 4);
    assert.equal(result.messages.sent, 0);
    if (process.platform === 'linux') assert.ok((result.server?.residentBytes ?? 0) > 1e6);
  });

  test('messages from a file, a line each', async (t) => {
    const server = await startEcho(t);
    const texts = new Set<string>();
    server.on('DataIn', (event) => texts.add(event.text));
    const file = write(t, 'one\n\nzwölf\nlast');
    const { result } = await load(t, server.localPort, ['--text', '--file', file]);
    assert.equal(result.errorCount, 0);
    assert.deepEqual([...texts].sort(), ['last', 'one', 'zwölf']);
  });

  test('what the system refuses is told in its words', async (t) => {
    const server = await startEcho(t);
    // RFC 5737: an address that no machine has.
    const args = ['--local-address', '192.0.2.1'];
    const { status, result } = await load(t, server.localPort, args);
    assert.equal(status, 1);
    assert.equal(result.errors[0]?.kind, 'system');
    assert.match(result.errors[0]?.text ?? '', /requested address/);
  });

  test('interrupted before it has measured, it tells what there is', async (t) => {
    const server = await startEcho(t);
    const args = ['--warmup', '30', '--pid', `${process.pid}`];
    const { result } = await load(t, server.localPort, args, (interrupt) => {
      server.once('DataIn', interrupt);
    });
    assert.equal(result.interrupted, true);
    assert.equal(result.connections.ok, 4);
    assert.ok((result.server?.residentBytes ?? 0) > 1e6);
  });

  test('a rate of messages is kept', async (t) => {
    const server = await startEcho(t);
    const args = ['--messages-per-second', '1000', '--duration', '1'];
    const { result } = await load(t, server.localPort, args);
    assert.ok(Math.abs(result.messages.sent - 1000) < 100, `${result.messages.sent}`);
  });

  const close = (code: number): number[] => [0x88, 2, code >> 8, code & 0xff];
  const deflates = (more = ''): string =>
    `Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover${more}\r\n`;
  const bad: [
    string,
    (socket: net.Socket) => void,
    { kind: string; detail: number },
    ...args: string[],
  ][] = [
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
    [
      'that accepts what was not offered',
      opens([], [], deflates('; client_max_window_bits=15')),
      { kind: 'badAnswer', detail: 0 },
      '--deflate',
    ],
    [
      // Fragments of a compressed message, the first of which has more bytes than 20 can take.
      'whose compressed message never ends',
      opens([], [0x42, 126, 0x10, 0, ...Array(0x1000).fill(0)], deflates()),
      { kind: 'protocol', detail: 1009 },
      '--deflate',
    ],
  ];
  for (const [name, serve, expected, ...args] of bad) {
    test(`a server ${name}`, async (t) => {
      const port = await rawServer(t, serve);
      const { result } = await load(t, port, ['--timeout', '0.5', ...args]);
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
    const server = await startEcho(t);
    server.once('DataIn', () => interrupt());
    const args = ['--duration', '1000'];
    const { result } = await load(t, server.localPort, args, (signal) => {
      interrupt = signal;
    });
    assert.equal(result.interrupted, true);
    assert.equal(result.connections.ok, 4);
  });

  test('a process that is killed is told of; one that is to end leaves that to its parent', async (t) => {
    const server = await startEcho(t);
    for (const [signal, expected] of [
      ['SIGKILL', 1],
      ['SIGTERM', 0],
      ['SIGHUP', 0],
    ] as const) {
      let interrupt = (): void => {};
      let pid = 0;
      server.once('DataIn', () => {
        const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
        for (const child of children.split(' ')) process.kill(Number(child), signal);
        if (signal !== 'SIGKILL') interrupt();
      });
      const args = ['--duration', '1000', '--connections', '4'];
      const { status, stderr } = await run(
        [`ws://127.0.0.1:${server.localPort}`, ...args],
        (...given) => {
          [interrupt, pid] = given;
        },
      );
      assert.equal(status, expected, `${signal}: ${stderr}`);
      if (expected === 1) assert.match(stderr, /a load process has ended early, by SIGKILL/);
    }
  });

  test('no echo at all', async (t) => {
    const silent = await startServer(t);
    const { status, stderr } = await load(t, silent.localPort);
    assert.equal(status, 1);
    assert.match(stderr, /no message came back/);
    const idle = await load(t, silent.localPort, ['--idle']);
    assert.equal(idle.status, 0);
  });

  test('conditions', async (t) => {
    const server = await startEcho(t);
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

  test('arguments that are wrong', async (t) => {
    const url = 'ws://127.0.0.1/';
    const rows: string[][] = [
      [],
      [url, url],
      ['nonsense'],
      ['http://127.0.0.1/'],
      [url, '--insecure'],
      [url, '--ca', '/no/such/file'],
      ['wss://127.0.0.1/', '--ca', '/no/such/file'],
      ['wss://127.0.0.1/', '--ca', '/no/such/file', '--insecure'],
      ['wss://127.0.0.1/', '--tls', '1.1'],
      ['wss://127.0.0.1/', '--cert', '/no/such/file'],
      ['wss://127.0.0.1/', '--server-name', 'two words'],
      ['ws://user:word@127.0.0.1/'],
      [url, '--no-such-option'],
      [url, '--connections', '0'],
      [url, '--rate', '-1'],
      [url, '--rate', '0'],
      [url, '--duration', '0'],
      [url, '--text', '--binary'],
      [url, '--size', '1', '--file', 'x'],
      [url, '--idle', '--churn'],
      [url, '--file', '/no/such/file'],
      [url, '--file', write(t, '\n\n')],
      [url, '--text', '--file', write(t, Buffer.from([0xff]))],
      [url, '--header', 'no colon'],
      [url, '--subprotocol', 'two words'],
      [url, '--local-address', 'localhost'],
      [url, '--pid', '2147483647'],
      [url, '--json', '/no/such/folder/result.json'],
      [url, '--html', '/'],
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
