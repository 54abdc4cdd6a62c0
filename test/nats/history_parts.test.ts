// The parts of a history, without NATS.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { headers } from '@nats-io/transport-node';
import type * as PatternsModule from '../../dist/base/patterns.js';
import type * as CatchUpModule from '../../dist/nats/history/catch_up.js';
import type * as OptionsModule from '../../dist/nats/history/history_options.js';
import type * as KeeperModule from '../../dist/nats/history/keeper.js';
import type * as MessageModule from '../../dist/nats/history/kept_message.js';
import type * as WindowModule from '../../dist/nats/history/live_window.js';
import type * as ResumesModule from '../../dist/nats/history/resumes.js';
import { packagePath } from '../support/package_path.js';
import { until } from '../support/server.js';

const load = <Module>(name: string): Module => require(packagePath(`dist/nats/history/${name}.js`));
const { Keeper } = load<typeof KeeperModule>('keeper');
const { placeOf, readStored } = load<typeof MessageModule>('kept_message');
const { LiveWindow } = load<typeof WindowModule>('live_window');
const { covers, overlap } = load<typeof PatternsModule>('../../base/patterns');
const { catchUp } = load<typeof CatchUpModule>('catch_up');
const { Resumes } = load<typeof ResumesModule>('resumes');
const { checkHistory } = load<typeof OptionsModule>('history_options');

test('which patterns cover and which overlap', () => {
  const rows: [outer: string, inner: string, covers: boolean, overlap: boolean][] = [
    ['a', 'a', true, true],
    ['a', 'b', false, false],
    ['a.*', 'a.b', true, true],
    ['a.b', 'a.*', false, true],
    ['a.*', 'a.>', false, true],
    ['a.>', 'a.*', true, true],
    ['a.>', 'a.b.c', true, true],
    ['a.>', 'a', false, false],
    ['a', 'a.b', false, false],
    ['a.b', 'a', false, false],
    ['>', 'a.*.c', true, true],
    ['*.b', 'a.*', false, true],
    ['*.b', 'a.c', false, false],
    ['*.*', '*.b', true, true],
    ['*.b', '*.*', false, true],
  ];
  for (const [outer, inner, doesCover, doesOverlap] of rows) {
    assert.equal(covers(outer, inner), doesCover, `${outer} covers ${inner}`);
    assert.equal(overlap(outer, inner), doesOverlap, `${outer} and ${inner}`);
    assert.equal(overlap(inner, outer), doesOverlap, `${inner} and ${outer}`);
  }
});

test('what no history can be is error 10022', () => {
  checkHistory({ 'chat.>': { maxAge: 1 }, 'x.*': { maxBytes: 1, replicas: 3 } });
  const wrong: OptionsModule.HistoryOptions[] = [
    { '': { maxAge: 1 } },
    { 'a..b': { maxAge: 1 } },
    { 'a b': { maxAge: 1 } },
    { '>.a': { maxAge: 1 } },
    { a: {} },
    { a: { maxAge: 0 } },
    { a: { maxAge: 1.5 } },
    { a: { maxAge: 1e12 } },
    { a: { maxMessages: -1 } },
    { a: { maxBytes: '1' as unknown as number } },
    { a: { maxAge: 1, replicas: 6 } },
    { a: { maxAge: 1, frame: 'x' as unknown as () => string } },
    { 'a.*': { maxAge: 1 }, 'a.b': { maxAge: 1 } },
  ];
  for (const history of wrong) {
    assert.throws(() => checkHistory(history), { code: 10022 }, JSON.stringify(history));
  }
});

function message(sequence: number, size = 1): MessageModule.KeptMessage {
  return { sequence, topic: 't', kind: 1, payload: Buffer.alloc(size), tag: '' };
}

test('a window of live messages has all of them, or says that it has not', () => {
  const window = new LiveWindow(3000);
  window.push(message(1));
  window.push(message(2));
  assert.equal(window.shift()?.sequence, 1);
  assert.equal(window.shift()?.sequence, 2);
  assert.equal(window.shift(), undefined);
  window.push(message(3, 2000));
  assert.ok(window.isWhole);
  window.push(message(4, 2000));
  assert.ok(!window.isWhole && window.isEmpty);
  window.push(message(5));
  assert.ok(window.isEmpty);
  window.restart();
  window.push(message(6));
  assert.ok(window.isWhole && window.shift()?.sequence === 6);
});

test('a message whose headers cannot be read is none', () => {
  const broken = {
    subject: 'p.kept.a.b',
    data: Buffer.alloc(1),
    reply: '$JS.ACK.domain.account.stream.reader.1.7.3.99.0.random',
    get headers(): never {
      throw new Error('no headers');
    },
  } as unknown as Parameters<typeof readStored>[1];
  const wire = { inside: (subject: string) => subject.slice(2) } as Parameters<
    typeof readStored
  >[0];
  assert.deepEqual(placeOf(broken), { sequence: 7, count: 3 });
  const { topic, kind, tag } = readStored(wire, broken, 7);
  assert.deepEqual([topic, kind, tag], ['a.b', 0, '']);
});

/** A stream to which something is added while somebody reads it. */
function growing(length: number, windowBytes: number) {
  const window = new LiveWindow(windowBytes);
  const taken: number[] = [];
  let last = length;
  const add = (count: number): void => {
    for (let index = 0; index < count; index++) window.push(message(++last));
  };
  const read = async (after: number) => {
    // It is in the page, and comes live.
    if (last < 2000) add(1);
    const end = Math.min(last, after + 10);
    const messages = Array.from({ length: end - after }, (_, index) => message(after + 1 + index));
    const more = end < last;
    await Promise.resolve();
    return { from: after + 1, messages, more };
  };
  return { window, taken, add, read, last: () => last };
}

test('who catches up gets all once, while more comes than the window has room for', async () => {
  for (const windowBytes of [500, 2000, 1 << 20]) {
    const stream = growing(35, windowBytes);
    let waits = 0;
    let joinedAt = 0;
    await catchUp(
      {
        window: stream.window,
        reached: () => undefined,
        read: stream.read,
        onBreak: assert.fail,
        take: ({ sequence }) => {
          stream.taken.push(sequence);
          if (stream.last() < 2000) stream.add(sequence % 3 === 0 ? 1 : 0);
          return sequence % 7 === 0 ? Promise.resolve() : undefined;
        },
        wait: async (taken) => {
          await taken;
          if (stream.last() < 2000) stream.add(1);
          return waits++ % 2 === 0;
        },
      },
      5,
      (last) => {
        joinedAt = last;
      },
    );
    assert.equal(joinedAt, stream.last());
    assert.deepEqual(
      stream.taken,
      Array.from({ length: stream.last() - 5 }, (_, index) => 6 + index),
    );
  }
});

test('who catches up joins no sooner than what is live has come as far', async () => {
  const window = new LiveWindow(1 << 20);
  let live = 5;
  const asked: number[] = [];
  const taken: number[] = [];
  await catchUp(
    {
      window,
      reached: async (sequence) => {
        asked.push(sequence);
        await sleep(5);
        // One more than the page had.
        const end = sequence === 0 ? live : sequence + 1;
        while (live < end) window.push(message(++live));
      },
      read: async () => ({
        from: 1,
        messages: [1, 2, 3, 4, 5, 6, 7].map((at) => message(at)),
        more: false,
      }),
      onBreak: assert.fail,
      take: ({ sequence }) => void taken.push(sequence),
      wait: () => assert.fail(),
    },
    0,
    (last) => assert.deepEqual([last, live], [8, 8]),
  );
  assert.deepEqual(asked, [0, 7]);
  assert.deepEqual(taken, [1, 2, 3, 4, 5, 6, 7, 8]);
});

/** What JetStream would be asked to keep: each is to be answered, and some come back. */
function fakeJetStream(keeper: KeeperModule.Keeper) {
  const asked: {
    tag: string;
    confirm(seq: number): void;
    keep(seq: number): void;
    fail(error: Error): void;
  }[] = [];
  const publish = (_subject: string, _payload: Uint8Array, options: { headers: unknown }) =>
    new Promise((resolve, reject) => {
      const tag = (options.headers as Map<string, string>).get('Nats-Msg-Id') ?? '';
      const confirm = (seq: number): void => resolve({ seq });
      const keep = (seq: number): void => {
        keeper.find(tag)?.arrive(Promise.resolve(0));
        confirm(seq);
      };
      asked.push({ tag, confirm, keep, fail: reject });
    });
  return { asked, js: { publish } as unknown as Parameters<KeeperModule.Keeper['onConnected']>[0] };
}

function order(size = 1): KeeperModule.Order {
  return {
    subject: 's',
    payload: Buffer.alloc(size),
    headers: headers(),
    except: undefined,
  };
}

test('what NATS has not confirmed is sent again in order, first one alone', async () => {
  const keeper = new Keeper();
  const { asked, js } = fakeJetStream(keeper);
  const kept = [1, 2, 3].map(() => keeper.publish(order()));
  keeper.onConnected(js);
  const tags = asked.map(({ tag }) => tag);
  assert.equal(new Set(tags).size, 3);
  keeper.onAway();
  kept.push(keeper.publish(order()));
  keeper.onConnected(js);
  assert.deepEqual(
    asked.slice(3).map(({ tag }) => tag),
    tags.slice(0, 1),
  );
  // What the old connection says does not count any more.
  asked[0]?.fail(new Error('closed'));
  asked[3]?.keep(1);
  await until(() => asked.length === 7);
  assert.deepEqual(
    asked.slice(4, 6).map(({ tag }) => tag),
    tags.slice(1),
  );
  const busy = Object.assign(new Error('busy'), { code: 10008 });
  asked[4]?.fail(busy);
  asked[5]?.keep(2);
  asked[6]?.fail(new Error('never'));
  await assert.rejects(kept[3] as Promise<unknown>, /never/);
  await until(() => asked.length === 8);
  assert.equal(asked[7]?.tag, tags[1]);
  asked[7]?.keep(3);
  assert.deepEqual(
    (await Promise.all(kept.slice(0, 3))).map(({ id }) => id),
    ['1', '3', '2'],
  );
  keeper.close();
});

test('what waits for NATS is bounded, in bytes and in time', async () => {
  const keeper = new Keeper(300);
  const many = Array.from({ length: 15 }, () => keeper.publish(order(1 << 20)));
  assert.throws(() => keeper.publish(order(2 << 20)), { code: 10055 });
  for (const one of many) await assert.rejects(one, { code: 10060 });
  const { asked, js } = fakeJetStream(keeper);
  keeper.onConnected(js);
  const last = keeper.publish(order(2 << 20));
  asked[0]?.keep(7);
  assert.deepEqual(await last, { id: '7', count: 0 });
  keeper.onAway();
  const closed = keeper.publish(order());
  keeper.close();
  await assert.rejects(closed, { code: 10054 });
  assert.throws(() => keeper.publish(order()), { code: 10054 });
});

test('one of ours is known when it comes back, before or after it is confirmed', async () => {
  const keeper = new Keeper();
  const { asked, js } = fakeJetStream(keeper);
  keeper.onConnected(js);
  const before = keeper.publish(order());
  assert.equal(keeper.find('another'), undefined);
  keeper.find(asked[0]?.tag ?? '')?.arrive(Promise.resolve(5));
  asked[0]?.confirm(1);
  assert.deepEqual(await before, { id: '1', count: 5 });
  const after = keeper.publish(order());
  asked[1]?.confirm(2);
  await sleep(10);
  keeper.find(asked[1]?.tag ?? '')?.arrive(Promise.resolve(6));
  assert.deepEqual(await after, { id: '2', count: 6 });
  keeper.close();
});

test('what is kept and cannot be read is an error after a while; who leaves ends it', async () => {
  const pages = { read: () => Promise.reject(new Error('away')) };
  const resumes = new Resumes(pages, () => 5, 300);
  const ending = new AbortController();
  const resumption = {
    pattern: 't',
    since: 1,
    take: () => undefined,
    joined: assert.fail,
    onGap: () => assert.fail(),
    signal: ending.signal,
  };
  await assert.rejects(resumes.resume(resumption), { code: 10060 });
  const never = new Resumes(pages, () => undefined, 10);
  await assert.rejects(never.resume(resumption), { code: 10060 });
  const other = resumes.resume(resumption);
  ending.abort(new Error('left'));
  await assert.rejects(other, /left/);
  await assert.rejects(resumes.resume(resumption), /left/);
});
