// Every documented error: how it comes about, with its exact number, or why it cannot here.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { Certificate, CertStoreType, errorTable, WSServer, WSServerError } from 'native-wsserver';
import type * as Errors from '../../dist/base/errors.js';
import { ByteClient, frame, Op } from '../support/byte_client.js';
import { folder, issue, openssl } from '../support/certificates.js';
import { runChild } from '../support/child.js';
import { makeFile, makeFolder } from '../support/files.js';
import { startOpen, startStopped } from '../support/open.js';
import { next, startServer } from '../support/server.js';

const root = path.join(require.resolve('native-wsserver/package.json'), '..');
const { ErrorCode, errors }: typeof Errors = require(path.join(root, 'dist/base/errors.js'));

/** Fails with the error: throws it, is rejected with it, or returns the code. */
type Provoke = (t: TestContext) => unknown;

const issued = issue('errors');

const CLIENT_ONLY = 'it is about connecting, which a server does not';
const OTHER_SYSTEM = 'it is of Windows';
const MAPPED =
  'no call that a server makes fails so; were it to, test/native/base/bytes_test.cc has the number';
const BY_DNS = 'the network would have to fail; test/native/net/address_test.cc has the number';
const BY_STATUS = 'what is to be said against a client is the status of SSLClientAuthentication';

/** A message whose first part alone is known, and its connection. */
async function startUnfinished(t: TestContext) {
  const opened = await startOpen(t);
  const controller = new AbortController();
  async function* source(): AsyncGenerator<string> {
    yield 'x';
    await new Promise((resolve) => controller.signal.addEventListener('abort', resolve));
  }
  const sent = opened.connection.sendStream(source());
  await opened.client.readFrame();
  return { ...opened, sent, finish: () => controller.abort() };
}

/** What `act` does as somebody who is nobody, in a process of its own: it prints a code. */
async function asNobody(t: TestContext, localHost: string): Promise<number> {
  const { stdout } = await runChild(
    t,
    async ({ WSServer: Server }, host) => {
      if (process.getuid?.() === 0) process.setuid?.(65534);
      const started = new Server({ localHost: host }).startListening();
      await started.catch(({ code }) => console.log(code));
    },
    localHost,
  );
  return Number(stdout);
}

const provoked: Readonly<Record<number, Provoke>> = {
  104: async (t) => (await startServer(t)).startListening(),
  106: async (t) => (await startServer(t)).config('LocalPort=1'),
  107: async (t) => (await startServer(t)).config('LocalHost=::1'),
  108: async (t) => (await startServer(t)).config('MaxConnections=1'),
  112: async (t) => {
    const { server, client, id } = await startOpen(t);
    server.on('DataIn', () => {});
    await server.changeLineMode(id, true);
    const part = { opcode: Op.text, payload: 'the start of a line', fin: false };
    client.send(Buffer.concat([frame(part), frame({ opcode: Op.ping })]));
    await client.readFrame();
    return server.config(`MaxLineLength[${id}]=9`);
  },
  126: (_) => new WSServer().sendText(1, 'x'),
  270: (_) => new WSServer({ settings: { UseFIPSCompliantAPI: true } }),
  271: (_) => new Certificate({ pfx: Buffer.from('none') }),
  272: (_) => new Certificate(CertStoreType.pemKeyFile, issued.certFile, '', 'CN=nobody'),
  273: (_) => {
    const { certFile, keyFile } = issued;
    const files = ['-in', certFile, '-inkey', keyFile, '-out', 'store.pfx'];
    openssl('pkcs12', '-export', ...files, '-passout', 'pass:right');
    return new Certificate(CertStoreType.pfxFile, path.join(folder, 'store.pfx'), 'wrong');
  },
  282: (_) => {
    const certificate = new Certificate(CertStoreType.publicKeyFile, issued.certFile);
    return new WSServer({ certificate });
  },
  4202: async (t) => {
    const { server, connection } = await startOpen(t);
    const told = next(server, 'Error');
    async function* failing(): AsyncGenerator<string> {
      yield 'x';
      throw new Error('the source has failed');
    }
    await connection.sendStream(failing()).catch(() => {});
    return (await told).errorCode;
  },
  10004: async (t) => {
    const { connection, sent } = await startUnfinished(t);
    connection.interrupt();
    return sent;
  },
  10013: (t) => {
    const mine = makeFolder(t);
    fs.chmodSync(mine, 0o500);
    return asNobody(t, `unix:${path.join(mine, 's')}`);
  },
  10022: (_) => new WSServer().config('NoSuchSetting'),
  10024: async (t) => {
    const { server } = await startOpen(t, { settings: { MaxConnections: 1 } });
    const told = next(server, 'Error');
    await (await ByteClient.connect(t, server.localPort)).ended;
    return (await told).errorCode;
  },
  10035: async (t) => {
    const { server, id, finish, sent } = await startUnfinished(t);
    try {
      return await server.sendText(id, 'between');
    } finally {
      finish();
      await sent;
    }
  },
  10037: async (t) => {
    const { connection, id, server } = await startStopped(t);
    const file = makeFile(t, Buffer.alloc(64 * 1024 * 1024));
    const first = connection.sendFile(file);
    try {
      return await server.sendFile(id, file);
    } finally {
      connection.interrupt();
      await first.catch(() => {});
    }
  },
  10045: async (t) => {
    const { stdout } = await runChild(
      t,
      async (_, module) => {
        const { Worker } = await import('node:worker_threads');
        const code = `
          const { WSServer } = require(${JSON.stringify(module)});
          try { new WSServer().config('UseFIPSCompliantAPI=True'); }
          catch ({ code }) { console.log(code); }`;
        new Worker(code, { eval: true });
      },
      require.resolve('native-wsserver'),
    );
    return Number(stdout);
  },
  10048: async (t) => {
    const { localPort } = await startServer(t);
    return new WSServer({ localHost: '127.0.0.1', localPort }).startListening();
  },
  10049: (_) => new WSServer({ localHost: '192.0.2.1' }).startListening(),
  10060: async (t) => {
    const { connection } = await startStopped(t);
    connection.timeout = 1;
    return connection.sendBytes(Buffer.alloc(64 * 1024 * 1024));
  },
  10062: (t) => {
    const loop = path.join(makeFolder(t), 'loop');
    fs.symlinkSync('loop', loop);
    return new WSServer({ localHost: `unix:${loop}/s` }).startListening();
  },
  10063: (_) => new WSServer({ localHost: `unix:/${'x'.repeat(200)}` }).startListening(),
  11001: (_) => new WSServer({ localHost: 'not a name' }).startListening(),
};

/** Of clients, it comes as the end of their connections. */
const BY_BUS = 'a bus over NATS tells it: nats/faults.test.ts';

const impossible: Readonly<Record<number, string>> = {
  100: CLIENT_ONLY,
  101: CLIENT_ONLY,
  102: CLIENT_ONLY,
  116: CLIENT_ONLY,
  135: 'the documentation has two numbers for it; 10035 is the one that is used',
  274: 'a chain that is not whole is served as far as it goes',
  275: BY_STATUS,
  276: 'only Error tells it, of a question: opening/questions.test.ts',
  280: BY_STATUS,
  281: BY_STATUS,
  283: 'what OpenSSL cannot encrypt ends the connection: Disconnected with 1006',
  284: 'what OpenSSL cannot decrypt ends the connection: Disconnected with 1006',
  10009: MAPPED,
  10014: MAPPED,
  10036: 'only calls that block, within each other, can be too deep: compat/blocking.test.ts',
  10038: MAPPED,
  10039: CLIENT_ONLY,
  10040: BY_BUS,
  10041: MAPPED,
  10042: 'options that a system does not know are left as they are',
  10043: MAPPED,
  10044: MAPPED,
  10046: 'it comes where the system has no IPv6',
  10047: 'it comes where the system has no IPv6',
  10050: MAPPED,
  10051: CLIENT_ONLY,
  10052: 'a connection that is lost ends with Disconnected and 1006',
  10053: 'only Error tells it, of a question that fails: opening/questions.test.ts',
  10054: BY_BUS,
  10055: 'it comes where the system has no memory left',
  10056: CLIENT_ONLY,
  10057: MAPPED,
  10058: MAPPED,
  10059: MAPPED,
  10061: BY_BUS,
  10064: CLIENT_ONLY,
  10065: CLIENT_ONLY,
  10066: MAPPED,
  10067: OTHER_SYSTEM,
  10068: OTHER_SYSTEM,
  10069: MAPPED,
  10070: MAPPED,
  10071: OTHER_SYSTEM,
  10091: OTHER_SYSTEM,
  10092: OTHER_SYSTEM,
  10093: OTHER_SYSTEM,
  11002: BY_DNS,
  11003: BY_DNS,
  11004: BY_DNS,
};

/** The code of what `provoke` fails with. */
async function codeOf(t: TestContext, provoke: Provoke): Promise<unknown> {
  try {
    return await provoke(t);
  } catch (error) {
    assert.ok(error instanceof WSServerError, `${error}`);
    // What is documented, and then what there is to say of this case.
    const { text = '' } = errorTable.find(({ code }) => code === error.code) ?? {};
    assert.equal(error.message.lastIndexOf(text), 0, error.message);
    assert.match(error.message.slice(text.length), /^ \S.{10}/);
    return error.code;
  }
}

for (const [code, provoke] of Object.entries(provoked)) {
  test(`error ${code}`, async (t) => {
    assert.equal(await codeOf(t, provoke), Number(code));
  });
}

test('every documented error is provoked, or cannot come for a reason', () => {
  const codes = [...Object.keys(provoked), ...Object.keys(impossible)].map(Number);
  assert.deepEqual(
    codes.sort((a, b) => a - b),
    errorTable.map(({ code }) => code),
  );
});

test('the codes that JavaScript names are those of the table', () => {
  const named = new Map(errorTable.map(({ code, name }) => [name.toLowerCase(), code]));
  for (const [name, code] of Object.entries(ErrorCode)) {
    assert.equal(named.get(name.toLowerCase()), code, name);
  }
});

test('errors of one kind have one code and the documented text', () => {
  const rows: [() => WSServerError, number, string][] = [
    [() => errors.invalidArgument('Give one.'), 10022, '[10022] Invalid argument. Give one.'],
    [() => errors.notConnected(5), 126, 'Invalid ConnectionId. 5 is not connected.'],
    [
      () => errors.endedWith(1006, 'lost'),
      126,
      'Invalid ConnectionId. The connection ended with 1006: lost',
    ],
    [
      errors.connectionEnded,
      126,
      'Invalid ConnectionId. The connection ended before this was done.',
    ],
    [errors.interrupted, 10004, '[10004] Interrupted system call. The waiting was interrupted.'],
    [
      () => errors.notDone(10060),
      10060,
      '[10060] Connection timed out. The timeout ran out before this was done.',
    ],
  ];
  for (const [make, code, message] of rows) {
    const error = make();
    assert.ok(error instanceof WSServerError);
    assert.deepEqual([error.code, error.message], [code, message]);
  }
});

test('lib calls codes by their names, and words one kind of error in one place', () => {
  const long = errorTable.map(({ code }) => code).filter((code) => code > 999);
  const wrong = [
    new RegExp(`\\b(${long.join('|')})\\b`),
    /WSServerError\(\s*\d/,
    /code [!=]== \d/,
    /is not (connected|open)\./,
  ];
  // The one has ours, the other those of JetStream.
  const hasNumbers = ['base/errors.ts', 'nats/history/stream_setup.ts'].map(path.normalize);
  const files = fs
    .readdirSync(path.join(root, 'lib'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !hasNumbers.includes(file));
  assert.notEqual(files.length, 0);
  const found = files.flatMap((file) => {
    const code = fs
      .readFileSync(path.join(root, 'lib', file), 'utf8')
      .replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    return wrong.filter((pattern) => pattern.test(code)).map((pattern) => `${file}: ${pattern}`);
  });
  assert.deepEqual(found, []);
});
