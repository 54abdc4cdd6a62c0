import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.join(require.resolve('native-wsserver/package.json'), '..');

/** What each room may know besides itself: of native/, and of lib/. */
type Rooms = Readonly<Record<string, readonly string[]>>;

const tls = {
  'tls/openssl': ['base'],
  'tls/records': ['tls/openssl', 'base'],
  'tls/certificates': ['tls/openssl', 'base'],
  'tls/formats': ['tls/certificates', 'tls/openssl', 'base'],
  'tls/stores': ['tls/formats', 'tls/certificates', 'tls/openssl', 'base'],
  'tls/contexts': [
    'tls/stores',
    'tls/formats',
    'tls/certificates',
    'tls/records',
    'tls/openssl',
    'base',
  ],
  'tls/sessions': ['tls/contexts', 'tls/certificates', 'tls/records', 'tls/openssl', 'base'],
};
const middle = ['net', 'http', 'ws', ...Object.keys(tls)];

const timing = ['base'];
const access = ['server/timing', 'net', ...timing];
const settings = ['server/access', 'ws', 'tls/contexts', ...access];
const events = ['server/settings', 'http', ...settings];
const shared = ['server/events', 'tls/sessions', ...events];
const streams = ['server/shared', ...shared];
const connection = ['server/streams', ...streams];
const topics = ['ws', 'base'];
const listening = ['server/topics', 'server/connection', 'tls/certificates', ...connection];
const server = {
  'server/topics': topics,
  'server/timing': timing,
  'server/access': access,
  'server/settings': settings,
  'server/events': events,
  'server/shared': shared,
  'server/streams': streams,
  'server/connection': connection,
  'server/listening': listening,
  'server/properties': ['server/listening', ...listening],
};

const ofNative: Rooms = {
  base: [],
  net: ['base'],
  http: ['base'],
  ws: ['base'],
  ...tls,
  ...server,
  client: [...middle, 'base'],
  addon: [...Object.keys(server), 'client', ...middle, 'base'],
};

const ofLib: Rooms = {
  base: [],
  boundary: ['base'],
  'certificates/formats': ['boundary', 'base'],
  certificates: ['certificates/formats', 'boundary', 'base'],
  events: ['certificates', 'boundary', 'base'],
  receiving: ['events', 'boundary', 'base'],
  bus: ['boundary', 'base'],
  'nats/history': ['bus', 'boundary', 'base'],
  nats: ['nats/history', 'bus', 'boundary', 'base'],
  sending: ['bus', 'events', 'boundary', 'base'],
  cluster: ['sending', 'bus', 'events', 'boundary', 'base'],
  http: ['events', 'boundary', 'base'],
  server: [
    'cluster',
    'receiving',
    'sending',
    'bus',
    'http',
    'events',
    'certificates',
    'boundary',
    'base',
  ],
  topics: ['server', 'receiving', 'sending', 'bus', 'events', 'boundary', 'base'],
  workers: ['server', 'bus', 'boundary', 'base'],
  compat: ['server', 'sending', 'events', 'certificates', 'boundary', 'base'],
  load: ['boundary', 'base'],
  cli: ['load', 'workers', 'nats', 'server', 'certificates', 'boundary', 'base'],
  // What users import: index, client, compat, workers and nats.
  '.': [
    'compat',
    'workers',
    'nats/history',
    'nats',
    'topics',
    'server',
    'cluster',
    'sending',
    'bus',
    'events',
    'certificates',
    'boundary',
    'base',
  ],
};

/** Where the headers of others may be included. */
const foreign: [RegExp, RegExp][] = [
  [/^(napi|node_api|js_native_api|node)\b/, /^addon\//],
  [/^uv\b/, /^(net\/|addon\/node_loop\.)/],
  [/^openssl\//, /^tls\//],
  [/^zlib\b/, /^ws\/deflate\./],
];

const roomOf = path.posix.dirname;
/** A .cc and its .h are one entry of a room. */
const entryOf = (file: string): string => file.replace(/\.(cc|h|m?ts)$/, '');

/** Whether `file` may not know `other`; both are seen from the folder that `rooms` are in. */
function isTooHigh(rooms: Rooms, file: string, other: string): boolean {
  const room = roomOf(file);
  return ![room, ...(rooms[room] ?? [])].includes(roomOf(other));
}

function isForeign(file: string, header: string): boolean {
  return foreign.some(([what, where]) => what.test(header) && !where.test(file));
}

/** A way from a key of `graph` back to it, or undefined. */
function circleIn(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const done = new Set<string>();
  const walk = (at: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(at)) return [...way.slice(way.indexOf(at)), at];
    if (done.has(at)) return undefined;
    for (const next of graph.get(at) ?? []) {
      const found = walk(next, [...way, at]);
      if (found !== undefined) return found;
    }
    done.add(at);
    return undefined;
  };
  for (const at of graph.keys()) {
    const found = walk(at, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

const read = (file: string): string => fs.readFileSync(path.join(root, file), 'utf8');

/** The files of `folder` with one of these endings, as seen from it. */
function filesIn(folder: string, endings: RegExp): string[] {
  return fs
    .readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.test(entry.name))
    .map((entry) => path.relative(path.join(root, folder), path.join(entry.parentPath, entry.name)))
    .map((file) => file.replaceAll(path.sep, '/'))
    .filter((file) => !file.includes('node_modules'));
}

/** Each file with those it includes or imports, types too, as seen from its top folder. */
interface Tree {
  readonly rooms: Rooms;
  readonly uses: ReadonlyMap<string, readonly string[]>;
}

function readNative(): Tree & { readonly outside: ReadonlyMap<string, readonly string[]> } {
  const uses = new Map<string, string[]>();
  const outside = new Map<string, string[]>();
  for (const file of filesIn('native', /\.(cc|h)$/)) {
    const found = [...read(`native/${file}`).matchAll(/^\s*#\s*include\s*([<"])([^>"]+)/gm)];
    const named = (opening: string): string[] =>
      found.filter((match) => match[1] === opening).map((match) => match[2] ?? '');
    uses.set(file, named('"'));
    outside.set(file, named('<'));
  }
  return { rooms: ofNative, uses, outside };
}

function readLib(): Tree {
  const uses = new Map<string, string[]>();
  for (const file of filesIn('lib', /\.m?ts$/)) {
    const found = read(`lib/${file}`).matchAll(
      /\b(?:from|import|import\(|require\()\s*'(\.[^']*)'/g,
    );
    uses.set(
      file,
      [...found].map(([, name = '']) =>
        path.posix.join(roomOf(file), name).replace(/\.(m?)js$/, '.$1ts'),
      ),
    );
  }
  return { rooms: ofLib, uses };
}

test('the rule knows right from wrong', () => {
  const rows: [string, string, boolean][] = [
    ['ws/reader.cc', 'ws/frame.h', false],
    ['ws/reader.cc', 'base/bytes.h', false],
    ['ws/reader.cc', 'net/socket.h', true],
    ['ws/reader.cc', 'frame.h', true],
    ['base/error.cc', 'ws/frame.h', true],
    ['tls/records/aead.cc', 'tls/openssl/openssl.h', false],
    ['tls/records/aead.cc', 'tls/contexts/context.h', true],
    ['server/listening/server.cc', 'client/load_client.h', true],
    ['server/streams/outgoing.cc', 'server/connection/connection.h', true],
    ['addon/batch.cc', 'server/listening/server.h', false],
    ['other/file.cc', 'base/bytes.h', true],
  ];
  for (const [file, header, expected] of rows) {
    assert.equal(isTooHigh(ofNative, file, header), expected, `${file} includes ${header}`);
  }
  assert.equal(isTooHigh(ofLib, 'sending/sender.ts', 'base/bytes.ts'), false);
  assert.equal(isTooHigh(ofLib, 'sending/sender.ts', 'receiving/intake.ts'), true);
  assert.equal(isTooHigh(ofLib, 'index.ts', 'server/wsserver.ts'), false);
  const headers: [string, string, boolean][] = [
    ['addon/batch.cc', 'napi.h', false],
    ['addon/batch.cc', 'uv.h', true],
    ['addon/node_loop.h', 'uv.h', false],
    ['server/listening/server.h', 'uv.h', true],
    ['net/loop.h', 'uv.h', false],
    ['ws/deflate.cc', 'zlib.h', false],
    ['ws/frame.cc', 'openssl/sha.h', true],
  ];
  for (const [file, header, expected] of headers) {
    assert.equal(isForeign(file, header), expected, `${file} includes ${header}`);
  }
});

test('a circle is found', () => {
  const graph = new Map([
    ['a', new Set(['b'])],
    ['b', new Set(['c', 'd'])],
    ['c', new Set<string>()],
    ['d', new Set(['b'])],
  ]);
  assert.deepEqual(circleIn(graph), ['b', 'd', 'b']);
  graph.set('d', new Set(['c']));
  assert.equal(circleIn(graph), undefined);
});

for (const [name, tree] of Object.entries({ native: readNative(), lib: readLib() })) {
  test(`each room of ${name}/ knows only what lies below it`, () => {
    assert.notEqual(tree.uses.size, 0);
    const found = [...tree.uses].flatMap(([file, others]) =>
      others
        .filter((other) => isTooHigh(tree.rooms, file, other))
        .map((other) => `${file} knows ${other}`),
    );
    assert.deepEqual(found, []);
  });

  test(`there is no circle of rooms, and none of files, in ${name}/`, () => {
    assert.equal(
      circleIn(new Map(Object.entries(tree.rooms).map(([a, b]) => [a, new Set(b)]))),
      undefined,
    );
    const graph = new Map<string, Set<string>>();
    for (const [file, others] of tree.uses) {
      const known = graph.get(entryOf(file)) ?? new Set<string>();
      for (const other of others) if (entryOf(other) !== entryOf(file)) known.add(entryOf(other));
      graph.set(entryOf(file), known);
    }
    assert.equal(circleIn(graph), undefined);
  });

  test(`each room of ${name}/ is there, has at most a dozen entries, and says what it is for`, () => {
    const rooms = new Map(Object.keys(tree.rooms).map((room) => [room, new Set<string>()]));
    for (const file of tree.uses.keys()) {
      const entries = rooms.get(roomOf(file));
      assert.ok(entries !== undefined, `${file} is in a room that has no rule`);
      entries.add(entryOf(file));
    }
    for (const [room, entries] of rooms) {
      assert.ok(entries.size > 0 && entries.size <= 12, `${room} has ${entries.size} entries`);
      const text = read(path.posix.join(name, room, 'README.md'));
      assert.match(text, /^# .+\n\n[A-Z].+\./, `${room}/README.md begins with a sentence`);
    }
  });
}

/** The arrows of the picture in docs/architecture.md that has this mark: who, and whom. */
function arrowsIn(mark: string): [string, string][] {
  const pictures = read('docs/architecture.md').matchAll(/^```mermaid\n([\s\S]*?)^```$/gm);
  const [picture] = [...pictures]
    .map(([, text = '']) => text)
    .filter((text) => text.includes(`%% ${mark}\n`));
  assert.ok(picture !== undefined, `docs/architecture.md has no picture of ${mark}`);
  return [...picture.matchAll(/^ *(\w+) --> (\w+)$/gm)].map(([, who = '', whom = '']) => [
    who,
    whom,
  ]);
}

/** Each box of a picture with those that it reaches by arrows. */
function reachableBy(arrows: readonly [string, string][]): Map<string, Set<string>> {
  const below = (who: string): string[] =>
    arrows.filter(([from]) => from === who).flatMap(([, to]) => [to, ...below(to)]);
  return new Map(arrows.flat().map((who) => [who, new Set(below(who))]));
}

const pictures: [mark: string, rooms: Rooms, boxOf: (room: string) => string | undefined][] = [
  ['native', ofNative, (room) => room.split('/')[0]],
  ['native/server', ofNative, (room) => /^server\/(.+)/.exec(room)?.[1]],
  ['native/tls', ofNative, (room) => /^tls\/(.+)/.exec(room)?.[1]],
  ['lib', ofLib, (room) => (room === '.' ? 'entries' : room.split('/')[0])],
];
for (const [mark, rooms, boxOf] of pictures) {
  test(`the picture of ${mark} in docs/architecture.md has the rooms, and what each may know`, () => {
    const arrows = arrowsIn(mark);
    const reachable = reachableBy(arrows);
    const allowed = Object.entries(rooms).flatMap(([room, others]) =>
      others.map((other) => [boxOf(room), boxOf(other)] as const),
    );
    const boxes = Object.keys(rooms).flatMap((room) => boxOf(room) ?? []);
    assert.deepEqual([...reachable.keys()].sort(), [...new Set(boxes)].sort());
    for (const [who, whom] of allowed) {
      if (who === undefined || whom === undefined || who === whom) continue;
      assert.ok(reachable.get(who)?.has(whom), `${who} may know ${whom}`);
    }
    for (const [who, whom] of arrows) {
      assert.ok(
        allowed.some(([from, to]) => from === who && to === whom),
        `${who} may not know ${whom}`,
      );
    }
  });
}

test('headers of others are included where they belong', () => {
  const { outside } = readNative();
  const found = [...outside].flatMap(([file, headers]) =>
    headers
      .filter((header) => isForeign(file, header))
      .map((header) => `${file} includes ${header}`),
  );
  assert.deepEqual(found, []);
});

test('no file passes 400 lines', () => {
  const folders = ['native', 'lib', 'test', 'tools', 'bench', 'examples'];
  const files = folders
    .filter((folder) => fs.existsSync(path.join(root, folder)))
    .flatMap((folder) => filesIn(folder, /\.(cc|h|m?[jt]s)$/).map((file) => `${folder}/${file}`));
  assert.deepEqual(
    files.filter((file) => read(file).split('\n').length > 401),
    [],
  );
});
