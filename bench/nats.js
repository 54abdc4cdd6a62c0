// `node bench/nats.js`: what one server of NATS takes from the official client, and its CPU for each
// message: published to one subscriber, and kept by JetStream.

const { once } = require('node:events');
const { cpuOf, startNats } = require('./cluster/broker');
const { connect } = require('@nats-io/transport-node');
const { jetstreamManager } = require('@nats-io/jetstream');

const payload = Buffer.alloc(128, 'x');
const COUNT = 500_000;
const KEPT = 50_000;
const UNDER_WAY = 500;

async function measure(name, nats, count, run) {
  const [cpu, began] = [cpuOf(nats.child), performance.now()];
  await run();
  const seconds = (performance.now() - began) / 1000;
  return {
    name,
    'messages/s': Math.round(count / seconds),
    'NATS, µs/message': Number((((cpuOf(nats.child) - cpu) / count) * 1e6).toFixed(1)),
  };
}

async function main() {
  const nats = await startNats();
  const servers = `127.0.0.1:${nats.port}`;
  const publisher = await connect({ servers });
  const subscriber = await connect({ servers });
  let received = 0;
  let done;
  const all = new Promise((resolve) => {
    done = resolve;
  });
  subscriber.subscribe('x', { callback: () => ++received === COUNT && done() });
  await subscriber.flush();
  const rows = [];
  rows.push(
    await measure('published, received', nats, COUNT, async () => {
      for (let sent = 0; sent < COUNT; sent++) {
        publisher.publish('x', payload);
        if (sent % 1000 === 999) await publisher.flush();
      }
      await all;
    }),
  );
  const jsm = await jetstreamManager(publisher);
  await jsm.streams.add({ name: 'kept', subjects: ['kept'], max_msgs: 1e6 });
  const js = jsm.jetstream();
  rows.push(
    await measure('kept, acknowledged', nats, KEPT, async () => {
      let sent = 0;
      const one = async () => {
        while (sent++ < KEPT) await js.publish('kept', payload);
      };
      await Promise.all(Array.from({ length: UNDER_WAY }, one));
    }),
  );
  console.table(rows);
  nats.child.kill();
  await once(nats.child, 'exit');
  process.exit();
}

main();
