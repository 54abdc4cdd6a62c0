// What one client says, all hear, in the JavaScript edition's way: listeners, promises, and a loop
// of doEvents(), beside which the rest of the process goes on.
// Run: node examples/compat_js_style.mjs [port [PFX file, password]]
import { Certificate, CertStoreTypes, wsserver } from 'native-wsserver/compat';

const [port = '8080', pfxFile, password = ''] = process.argv.slice(2);
const server = new wsserver();

server
  .on('Connected', (e) => {
    const connection = server.getConnections().item(e.connectionId);
    console.log(`${connection.getRemoteHost()} has connected`);
  })
  .on('DataIn', async (e) => {
    console.log(`${e.connectionId}: ${e.textB.length} bytes`);
    for (const id of server.getConnections().keys()) {
      await server.sendText(id, e.text).catch((error) => {
        console.log(`${id} misses it: ${error.message}`);
      });
    }
  })
  .on('Disconnected', (e) => {
    const connection = server.getConnections().item(e.connectionId);
    console.log(`${connection.getRemoteHost()} has gone: ${e.statusCode}`);
  })
  .on('SSLStatus', (e) => console.log(e.message));

server.config('BufferMessage=True');
server.setLocalHost('127.0.0.1');
server.setLocalPort(Number(port));
if (pfxFile !== undefined) {
  server.setSSLCert(new Certificate(CertStoreTypes.cstPFXFile, pfxFile, password, '*'));
}
await server.startListening();
console.log(`Listening on port ${server.getLocalPort()}`);
while (true) await server.doEvents();
