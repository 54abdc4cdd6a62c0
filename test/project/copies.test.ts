// Several copies of the package in one process: of a test runner that forgets modules, of several
// versions, and of other realms (Jest runs each file in a vm context). The addon is one for all.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ReadableStream } from 'node:stream/web';
import { describe, test } from 'node:test';
import vm from 'node:vm';
import * as main from 'native-wsserver';
import { ByteClient, Op } from '../support/byte_client.js';
import { issueSelfSigned } from '../support/certificates.js';
import { open, startOpen } from '../support/open.js';
import { startServer, until } from '../support/server.js';

type Package = typeof main;

const entry = require.resolve('native-wsserver');
const dist = path.dirname(entry);

/** Loads the package again, as if nobody had before. */
function loadAgain(): Package {
  const kept = Object.entries(require.cache).filter(([file]) => file.startsWith(dist));
  for (const [file] of kept) delete require.cache[file];
  const copy = require(entry) as Package;
  for (const [file, module] of kept) require.cache[file] = module;
  return copy;
}

/** Loads it in a realm of its own, as Jest does; Node's own modules and the addon are those of all. */
function loadInRealm(): Package {
  const names = [
    'Buffer',
    'process',
    'console',
    'performance',
    'queueMicrotask',
    'AbortController',
  ];
  const timers = [
    'setTimeout',
    'clearTimeout',
    'setImmediate',
    'TextEncoder',
    'TextDecoder',
    'URL',
  ];
  const globals = [...names, ...timers].map((name) => [name, Reflect.get(globalThis, name)]);
  const realm = vm.createContext(Object.fromEntries(globals));
  const loaded = new Map<string, { exports: unknown }>();
  function load(file: string): unknown {
    const known = loaded.get(file);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    loaded.set(file, module);
    const real = createRequire(file);
    const requireHere = (name: string) => {
      const found = real.resolve(name);
      return found.startsWith(dist) ? load(found) : real(name);
    };
    const names = ['module', 'exports', 'require', '__dirname', '__filename'];
    vm.compileFunction(fs.readFileSync(file, 'utf8'), names, {
      parsingContext: realm,
      filename: file,
    })(module, module.exports, requireHere, path.dirname(file), file);
    return module.exports;
  }
  return load(entry) as Package;
}

/** What `act` throws. */
function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return assert.fail('nothing was thrown');
}

const classOf = (error: unknown): unknown => (error as object).constructor;

for (const [name, load] of Object.entries({ 'a second copy': loadAgain, 'a realm': loadInRealm })) {
  describe(name, () => {
    test('each copy throws errors of its own class, and knows those of the other', () => {
      const before = new main.WSServer();
      const copy = load();
      assert.notEqual(copy.WSServerError, main.WSServerError);
      const after = new copy.WSServer();
      const fails: Record<string, (wss: Package, server: main.WSServer) => unknown> = {
        server: (_, server) => server.config('NoSuchSetting'),
        certificate: (wss) => new wss.Certificate({ key: 'x', cert: 'x' }),
        'ticket keys': (_, server) => {
          server.ticketKeys = new Uint8Array(3);
        },
      };
      for (const fail of Object.values(fails)) {
        const [ours, theirs] = [
          thrownBy(() => fail(main, before)),
          thrownBy(() => fail(copy, after)),
        ];
        assert.equal(classOf(ours), main.WSServerError);
        assert.equal(classOf(theirs), copy.WSServerError);
        assert.ok(ours instanceof Error && ours instanceof copy.WSServerError);
        assert.ok(theirs instanceof main.WSServerError && theirs instanceof copy.WSServerError);
      }
      class Own extends main.WSServerError {}
      assert.ok(new Own(1, '') instanceof main.WSServerError);
      assert.ok(!(new main.WSServerError(1, '') instanceof Own));
      for (const other of [null, undefined, 126, new Error(), {}]) {
        assert.ok(!(other instanceof main.WSServerError));
      }
    });

    test('both serve, and fail, side by side', async (t) => {
      const copy = load();
      for (const wss of [main, copy, main]) {
        const server = new wss.WSServer({ localHost: '127.0.0.1' });
        await server.startListening();
        server.on('DataIn', ({ connectionId, text, textB }) => {
          server.sendText(connectionId, text);
          server.sendBytes(connectionId, textB);
        });
        const { client, connection } = await open(t, server as main.WSServer);
        client.sendFrame(Op.text, 'grüß');
        for (const opcode of [Op.text, Op.binary]) {
          const { payload, opcode: got } = await client.readFrame();
          assert.deepEqual([got, payload.toString()], [opcode, 'grüß']);
        }
        const sent = connection.sendText(3 as never);
        assert.equal(classOf(await sent.catch((error: unknown) => error)), wss.WSServerError);
        const messages = connection.messages();
        client.reset();
        const ended = await messages.next().catch((error: unknown) => error);
        assert.equal(classOf(ended), wss.WSServerError);
        await server.shutdown();
      }
    });

    test('a certificate of the other is one', async (t) => {
      const copy = load();
      const certificate = new copy.Certificate(issueSelfSigned('localhost')) as main.Certificate;
      const server = await startServer(t, { certificate, certificatesByName: { a: certificate } });
      assert.equal((server.certificate[0] as main.Certificate).subject, 'CN=localhost');
      for (const other of [{}, [{}], 'x', 3]) {
        assert.throws(() => {
          server.certificate = other as never;
        }, main.WSServerError);
      }
    });

    test('an error of the other keeps its code', async (t) => {
      const copy = load();
      const server = await startServer(t);
      const codes: number[] = [];
      server.on('Error', ({ errorCode }) => codes.push(errorCode));
      server.on('WebSocketOpenRequest', async () => {
        throw new copy.WSServerError(273, 'of the other');
      });
      const client = await ByteClient.connect(t, server.localPort);
      await client.upgrade().catch(() => {});
      await until(() => codes.length > 0);
      assert.deepEqual(codes, [273]);
    });
  });
}

test('bytes of another realm, and shared ones, are bytes', async (t) => {
  const { client, connection } = await startOpen(t);
  const texts = ['Uint8Array', 'ArrayBuffer', 'DataView', 'SharedArrayBuffer'];
  const [bytes, buffer, view, shared] = vm.runInNewContext(`
    const bytes = Uint8Array.from([120, 121, 122]);
    const shared = new SharedArrayBuffer(3);
    new Uint8Array(shared).set(bytes);
    [bytes, bytes.buffer, new DataView(bytes.buffer, 0), shared]`) as ArrayBuffer[];
  for (const [index, data] of [bytes, buffer, view, shared].entries()) {
    await connection.send(data as ArrayBuffer);
    assert.equal((await client.readFrame()).payload.toString(), 'xyz', texts[index]);
    await connection.sendText(data as ArrayBuffer);
    assert.equal((await client.readFrame()).payload.toString(), 'xyz', texts[index]);
    await connection.sendStream(ReadableStream.from([data as ArrayBuffer]));
    const frames = [await client.readFrame(), await client.readFrame()];
    assert.equal(Buffer.concat(frames.map(({ payload }) => payload)).toString(), 'xyz');
  }
  const { cert, key } = issueSelfSigned('realm');
  const Foreign = vm.runInNewContext('Uint8Array') as Uint8ArrayConstructor;
  const [certBytes, keyBytes] = [cert, key].map((text) => Foreign.from(Buffer.from(text)));
  const made = new main.Certificate({ cert: certBytes as Uint8Array, key: keyBytes as Uint8Array });
  assert.equal(made.subject, 'CN=realm');
});
