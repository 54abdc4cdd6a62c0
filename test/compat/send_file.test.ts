// SendFile blocks until the file has been sent, and events are delivered meanwhile. The clients are
// in a thread of their own: this one is busy.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { DF_PING, DF_TEXT } from 'native-wsserver/compat';
import { TestServer } from '../support/compat.js';
import { makeFile, makeFolder, timesOpen } from '../support/files.js';
import { inThread } from '../support/thread.js';

const MIB = 1024 * 1024;

test('a large file, to a slow reader, while another is served', async (t) => {
  const server = TestServer.start(t);
  const content = randomBytes(5 * MIB + 7);
  const file = makeFile(t, content);
  server.onData = (e) => {
    if (e.Text !== 'file') {
      server.log.push(e.Text);
      server.SendText(e.ConnectionId, e.Text);
      return;
    }
    server.SendText(2, 'begun');
    const code = server.SendFile(e.ConnectionId, file); // Its timeout is 0: it waits all the same.
    server.log.push(`sent ${code}`);
  };
  const hash = await inThread(
    t,
    async ({ open, next, require }, port) => {
      const [slow, quick] = [await open(port), await open(port)];
      slow.pause();
      slow.send('file');
      await next(quick);
      for (const text of ['a', 'b']) {
        quick.send(text);
        await next(quick);
      }
      slow.resume();
      return require('node:crypto')
        .createHash('sha256')
        .update(await next(slow))
        .digest('hex');
    },
    server.GetLocalPort(),
  );
  assert.equal(hash, createHash('sha256').update(content).digest('hex'));
  assert.deepEqual(server.log, ['a', 'b', 'sent 0']);
  assert.equal(timesOpen(file), 0);
});

test('a file begins when what waits before it has been taken', async (t) => {
  const server = TestServer.start(t);
  const [before, content] = [randomBytes(MIB), randomBytes(MIB)];
  const file = makeFile(t, content);
  const codes: number[] = [];
  let full = false;
  server.onData = ({ ConnectionId: id }) => {
    while (server.Send(id, before) === 0);
    full = !server.GetWSConnectionReadyToSend(id);
    server.SendText(2, 'full');
    codes.push(server.SendFile(id, file));
    server.SendText(id, 'after');
  };
  const hashes = await inThread(
    t,
    async ({ open, next, require }, port) => {
      const [slow, other] = [await open(port), await open(port)];
      const hashes = new Set<string>();
      slow.pause();
      slow.send('go');
      await next(other);
      slow.resume();
      for (let message = await next(slow); message.toString() !== 'after'; ) {
        hashes.add(require('node:crypto').createHash('sha256').update(message).digest('hex'));
        message = await next(slow);
      }
      return [...hashes];
    },
    server.GetLocalPort(),
  );
  assert.ok(full);
  assert.deepEqual(codes, [0]);
  assert.deepEqual(
    hashes,
    [before, content].map((bytes) => createHash('sha256').update(bytes).digest('hex')),
  );
  assert.equal(timesOpen(file), 0);
});

test('texts, in whole characters; the empty file', async (t) => {
  const server = TestServer.start(t);
  // Two of the ends of what is read at once lie inside a character.
  const text = `x${'é'.repeat(300_000)}`;
  const files = [makeFile(t, text), makeFile(t, '')];
  const codes: number[] = [];
  server.onData = ({ ConnectionId: id }) => {
    server.SetWSConnectionDataFormat(id, DF_TEXT);
    for (const file of files) codes.push(server.SendFile(id, file));
  };
  const received = await inThread(
    t,
    async ({ open, next }, port) => {
      const client = await open(port);
      const formats: boolean[] = [];
      client.on('message', (_message, isBinary) => formats.push(isBinary));
      client.send('go');
      const texts = [(await next(client)).toString(), (await next(client)).toString()];
      return { texts, formats };
    },
    server.GetLocalPort(),
  );
  assert.deepEqual(codes, [0, 0]);
  assert.ok(received.texts[0] === text);
  assert.equal(received.texts[1], '');
  assert.deepEqual(received.formats, [false, false]);
});

test('Interrupt ends the message where it is; other sends to the connection are refused', async (t) => {
  const server = TestServer.start(t);
  const file = makeFile(t, randomBytes(20 * MIB));
  const codes = { file: [] as number[], other: [] as number[] };
  server.onData = (e) => {
    if (e.Text === 'file') {
      server.SendText(2, 'begun');
      codes.file.push(server.SendFile(e.ConnectionId, file), server.SendText(e.ConnectionId, '!'));
      return;
    }
    server.SetWSConnectionTimeout(1, 10); // It must not wait for what cannot go on meanwhile.
    codes.other.push(
      server.SendText(1, 'no'),
      server.SendFile(1, file),
      server.Interrupt(1),
      server.Interrupt(99),
    );
    server.SendText(e.ConnectionId, 'done');
  };
  const received = await inThread(
    t,
    async ({ open, next }, port) => {
      const [slow, other] = [await open(port), await open(port)];
      slow.pause();
      slow.send('file');
      await next(other);
      other.send('stop');
      await next(other);
      slow.resume();
      return [(await next(slow)).length, (await next(slow)).toString()];
    },
    server.GetLocalPort(),
  );
  assert.deepEqual(codes, { file: [10004, 0], other: [10035, 10037, 0, 126] });
  assert.ok((received[0] as number) < 20 * MIB);
  assert.equal(received[1], '!');
  assert.equal(timesOpen(file), 0);
});

test('a client that goes, and one that does not read', async (t) => {
  const server = TestServer.start(t);
  const file = makeFile(t, randomBytes(20 * MIB));
  server.onData = ({ ConnectionId: id, Text }) => {
    server.SetWSConnectionTimeout(id, Number(Text));
    server.SendText(3, 'begun');
    server.SendText(3, `${server.SendFile(id, file)}`);
  };
  const outcome = await inThread(
    t,
    async ({ open, next }, port) => {
      const [going, stuck, told] = [await open(port), await open(port), await open(port)];
      const outcome: (number | string)[] = [];
      going.pause();
      going.send('10');
      outcome.push((await next(told)).toString());
      going.terminate();
      outcome.push((await next(told)).toString());
      stuck.pause();
      stuck.send('1');
      outcome.push((await next(told)).toString(), (await next(told)).toString());
      const closed = new Promise<number>((resolve) => stuck.once('close', resolve));
      stuck.resume();
      return [...outcome, await closed];
    },
    server.GetLocalPort(),
  );
  assert.deepEqual(outcome, ['begun', '126', 'begun', '10060', 1011]);
  assert.equal(timesOpen(file), 0);
});

test('files that cannot be sent, and what GetLastError() says of them', async (t) => {
  const server = TestServer.start(t);
  const folder = makeFolder(t);
  const missing = path.join(folder, 'missing');
  const shrinking = makeFile(t, randomBytes(20 * MIB));
  const errors: [code: number, text: string][] = [];
  const send = (id: number, file: string): void => {
    errors.push([server.SendFile(id, file), server.GetLastError()]);
  };
  server.onData = ({ ConnectionId: id, Text }) => {
    if (Text === 'truncate') {
      fs.truncateSync(shrinking, MIB);
      server.SendText(id, 'done');
      return;
    }
    send(99, missing);
    send(id, missing);
    send(id, folder);
    server.SetWSConnectionDataFormat(id, DF_PING);
    send(id, missing);
    server.SetWSConnectionDataFormat(id, 0);
    server.SendText(2, 'begun');
    send(id, shrinking);
  };
  const code = await inThread(
    t,
    async ({ open, next }, port) => {
      const [client, other] = [await open(port), await open(port)];
      const closed = new Promise<number>((resolve) => client.once('close', resolve));
      client.pause();
      client.send('go');
      await next(other);
      other.send('truncate');
      await next(other);
      client.resume();
      return closed;
    },
    server.GetLocalPort(),
  );
  assert.equal(code, 1011);
  assert.deepEqual(
    errors.map(([error]) => error),
    [126, 10022, 10022, 10022, 4202],
  );
  for (const [index, words] of [
    '99',
    'ENOENT',
    'regular file',
    'dataFormat',
    'shorter',
  ].entries()) {
    assert.ok(errors[index]?.[1].includes(words), errors[index]?.[1]);
  }
});
