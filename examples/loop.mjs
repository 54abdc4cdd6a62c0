// A conversation per client, written as a loop: what is awaited in it, the client waits for.
// Run: node examples/loop.mjs, then connect to ws://127.0.0.1:8080.
import { createReadStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { WSServer } from 'native-wsserver';

const server = new WSServer({ localHost: '127.0.0.1', localPort: 8080 });

async function serve(connection) {
  let count = 0;
  for await (const { text } of connection) {
    count++;
    if (text === 'bye') break;
    if (text === 'file') {
      // One message, as long as the file, in little memory.
      await connection.sendStream(createReadStream('package.json'), { type: 'text' });
      continue;
    }
    await sleep(100); // Say, a database. A client that sends faster is not read meanwhile.
    await connection.sendText(`${count}: ${text.toUpperCase()}`);
    await connection.drain();
  }
  const { statusCode } = await connection.close(1000, `${count} messages`);
  console.log(`${count} messages, ended with ${statusCode}`);
}

server.on('Connected', ({ connectionId }) => {
  const connection = server.connections.get(connectionId);
  // A loop whose connection is lost throws error 126.
  serve(connection).catch((error) => console.log(error.message));
});
await server.startListening();
console.log(`Listening on ws://127.0.0.1:${server.localPort}`);
process.once('SIGINT', () => server.shutdown());
