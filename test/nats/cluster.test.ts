// The example of three nodes behind HAProxy runs.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { defer } from '../support/defer.js';
import { makeFolder } from '../support/files.js';
import { startNats, WITHOUT_NATS } from '../support/nats_server.js';
import { packagePath } from '../support/package_path.js';
import { skipWithout, UNSANITIZED } from '../support/programs.js';
import { until } from '../support/server.js';

const folder = packagePath('examples/cluster');
const skip = WITHOUT_NATS || skipWithout('haproxy', '-v');

async function startNode(t: TestContext, name: string, nats: string) {
  const args = [path.join(folder, 'node.mjs'), name, '0', nats];
  const child = spawn(process.execPath, args, {
    cwd: packagePath(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  defer(t, () => child.kill('SIGKILL'));
  const [line] = await once(createInterface(child.stdout), 'line');
  return { child, port: `${line}`.replace(/\D+/, '') };
}

/** HAProxy as the example has it, but on other ports. */
async function startBalancer(t: TestContext, ports: readonly string[]): Promise<string> {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  const config = ports.reduce(
    (text, own, index) => text.replace(`:808${index + 1}`, `:${own}`),
    fs.readFileSync(path.join(folder, 'haproxy.cfg'), 'utf8').replace(':8080', `:${port}`),
  );
  const file = path.join(makeFolder(t), 'haproxy.cfg');
  fs.writeFileSync(file, config);
  const child: ChildProcess = spawn('haproxy', ['-f', file], {
    cwd: folder,
    env: UNSANITIZED,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  defer(t, () => child.kill('SIGKILL'));
  return `127.0.0.1:${port}`;
}

/** A client that connects again when its node has gone, as the page does. */
class ChatClient {
  readonly messages: { from: string; text: string }[] = [];
  node = '';
  #socket: WebSocket | undefined;

  constructor(t: TestContext, url: string) {
    let ended = false;
    const connect = (): void => {
      const socket = new WebSocket(url);
      this.#socket = socket;
      socket.on('error', () => {});
      socket.on('message', (data) => {
        const { node, ...message } = JSON.parse(`${data}`);
        if (node !== undefined) this.node = node;
        else this.messages.push(message);
      });
      socket.on('close', () => {
        this.node = '';
        if (!ended) setTimeout(connect, 50);
      });
    };
    connect();
    defer(t, () => {
      ended = true;
      this.#socket?.terminate();
    });
  }

  say(text: string): void {
    this.#socket?.send(text);
  }
}

test('a chat on three nodes behind HAProxy', { skip }, async (t) => {
  const nats = await startNats(t);
  const nodes = await Promise.all(['a', 'b', 'c'].map((name) => startNode(t, name, nats.url)));
  const balancer = await startBalancer(
    t,
    nodes.map(({ port }) => port),
  );
  let page: Response | undefined;
  while (page === undefined) {
    await sleep(20);
    page = await fetch(`http://${balancer}/`).catch(() => undefined);
  }
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
  assert.match(await page.text(), /This page is on node/);

  const clients = Array.from({ length: 6 }, () => new ChatClient(t, `ws://${balancer}/`));
  await until(() => clients.every(({ node }) => node !== ''));
  assert.deepEqual([...new Set(clients.map(({ node }) => node))].sort(), ['a', 'b', 'c']);
  await nats.untilSubjects(...Array(3).fill('wss.topic.chat'));
  clients[0]?.say('hello');
  await until(() => clients.every(({ messages }) => messages.length === 1));
  for (const { messages } of clients) {
    assert.equal(messages[0]?.text, 'hello');
    assert.match(`${messages[0]?.from}`, new RegExp(`^\\d+ on ${clients[0]?.node}$`));
  }

  const moved = clients.filter(({ node }) => node === 'b');
  nodes[1]?.child.kill('SIGKILL');
  await until(() => clients.every(({ node }) => ['a', 'c'].includes(node)));
  moved[0]?.say('again');
  await until(() => clients.every(({ messages }) => messages.at(-1)?.text === 'again'));
  assert.ok(clients.every(({ messages }) => messages.length === 2));
});
