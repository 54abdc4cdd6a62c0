// A chat on many machines: node examples/cluster/node.mjs [name] [port] [URL of NATS]
import { WSServer } from 'native-wsserver';
import { natsBus } from 'native-wsserver/nats';

const [name = 'a', port = '8081', servers = 'nats://127.0.0.1:4222'] = process.argv.slice(2);
const server = new WSServer({ localHost: '127.0.0.1', localPort: Number(port) });
await server.join(natsBus({ servers, name: `node ${name}` }));
server.on('Connected', ({ connectionId }) => {
  server.subscribe(connectionId, 'chat');
  server.sendText(connectionId, JSON.stringify({ node: name }));
});
server.on('DataIn', ({ connectionId, text }) => {
  server.publish('chat', JSON.stringify({ from: `${connectionId} on ${name}`, text }));
});
server.on('Error', ({ description }) => console.error(description));
await server.startListening();
console.log(`Listening on port ${server.localPort}`);
