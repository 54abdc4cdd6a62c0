// `node bench/send_file.js [GIB]`: sends a file of so many GiB (2) to clients that hash it: whole,
// interrupted and sent again, to a client that goes and one that comes again, to two at once. Prints
// how fast that was and how much memory it took, and fails when a byte is wrong.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const { on, once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { WSServer } = require('..');

const MIB = 1024 * 1024;
const size = Number(process.argv[2] ?? 2) * 1024 * MIB;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wsserver-bench-'));
const file = path.join(folder, 'file');

/** Writes the file, no two MiB of which are the same. */
function writeFile() {
  const block = Buffer.alloc(MIB, 'abcdefghijk');
  const descriptor = fs.openSync(file, 'w');
  for (let at = 0; at < size / MIB; at++) {
    block.writeUInt32BE(at, at % 1000);
    fs.writeSync(descriptor, block);
  }
  fs.closeSync(descriptor);
}

/** The hash of the beginning of the file. */
function hashOf(bytes) {
  const hash = createHash('sha256');
  const block = Buffer.alloc(MIB);
  const descriptor = fs.openSync(file);
  for (let left = bytes; left > 0; ) {
    const count = fs.readSync(descriptor, block, 0, Math.min(left, MIB));
    hash.update(block.subarray(0, count));
    left -= count;
  }
  fs.closeSync(descriptor);
  return hash.digest('hex');
}

/** A client that looks at what it gets, in a process of its own. */
async function startClient(server, ...args) {
  const connected = once(server, 'Connected');
  const client = spawn(process.execPath, [
    path.join(__dirname, 'file_client.js'),
    server.localPort,
    ...args,
  ]);
  const lines = on(createInterface(client.stdout), 'line');
  const [{ connectionId }] = await connected;
  return {
    id: connectionId,
    next: async () => JSON.parse((await lines.next()).value[0]),
    stop: () => client.kill(),
  };
}

const scenarios = {
  'to one client': async (server) => {
    const client = await startClient(server);
    const [message] = await Promise.all([client.next(), server.sendFile(client.id, file)]);
    client.stop();
    return [message];
  },
  'interrupted, and again on the same connection': async (server) => {
    const client = await startClient(server);
    const interrupted = server.sendFile(client.id, file);
    setTimeout(() => server.interrupt(client.id), 300);
    await assert.rejects(interrupted, { code: 10004 });
    const begun = await client.next();
    await server.connections.get(client.id).drain();
    const [message] = await Promise.all([client.next(), server.sendFile(client.id, file)]);
    client.stop();
    assert.ok(begun.size < size, 'it was sent before it was interrupted');
    return [begun, message];
  },
  'to a client that goes, and one that comes again': async (server) => {
    const going = await startClient(server, size / 4);
    await assert.rejects(
      server.sendFile(going.id, file),
      ({ code }) => code === 126 || code === 4202,
    );
    return scenarios['to one client'](server);
  },
  'to two clients at once': async (server) => {
    const clients = [await startClient(server), await startClient(server)];
    const [first, second] = await Promise.all([
      ...clients.map((client) => client.next()),
      ...clients.map((client) => server.sendFile(client.id, file)),
    ]);
    for (const client of clients) client.stop();
    return [first, second];
  },
};

async function main() {
  writeFile();
  const hashes = new Map([[size, hashOf(size)]]);
  const server = new WSServer({ localHost: '127.0.0.1' });
  await server.startListening();
  const peak = () => process.resourceUsage().maxRSS * 1024;
  const before = peak();
  for (const [title, scenario] of Object.entries(scenarios)) {
    const bytesBefore = server.statistics.bytesOut;
    const started = performance.now();
    const messages = await scenario(server);
    const seconds = (performance.now() - started) / 1000;
    for (const message of messages) {
      if (!hashes.has(message.size)) hashes.set(message.size, hashOf(message.size));
      assert.equal(message.sha256, hashes.get(message.size), title);
    }
    const sent = server.statistics.bytesOut - bytesBefore;
    console.log(
      `${title.padEnd(50)} ${(sent / MIB / seconds).toFixed(0).padStart(5)} MiB/s, ` +
        `${((peak() - before) / MIB).toFixed(0)} MiB of memory at most so far`,
    );
  }
  await server.shutdown();
}

main().finally(() => fs.rmSync(folder, { recursive: true }));
