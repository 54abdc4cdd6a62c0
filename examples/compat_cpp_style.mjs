// What one client says, all hear, in the C++ edition's way: a class whose Fire… methods are called,
// result codes, and a loop of DoEvents(), which is all that this process does.
// Run: node examples/compat_cpp_style.mjs [port [PFX file, password]]
import { CST_PFXFILE, WSServer } from 'native-wsserver/compat';

class Broadcaster extends WSServer {
  ids = new Set();

  FireConnected(e) {
    this.ids.add(e.ConnectionId);
    console.log(`${this.GetWSConnectionRemoteHost(e.ConnectionId)} has connected`);
  }

  FireDataIn(e) {
    console.log(`${e.ConnectionId}: ${e.lenText} bytes`);
    for (const id of this.ids) {
      const code = this.SendText(id, e.Text);
      if (code !== 0) console.log(`${id} misses it: ${this.GetLastError()}`);
    }
  }

  FireDisconnected(e) {
    this.ids.delete(e.ConnectionId);
    console.log(`${this.GetWSConnectionRemoteHost(e.ConnectionId)} has gone: ${e.StatusCode}`);
  }

  FireSSLStatus(e) {
    console.log(e.Message);
  }
}

const [port = '8080', pfxFile, password = ''] = process.argv.slice(2);
const server = new Broadcaster();
server.Config('BufferMessage=True');
server.SetLocalHost('127.0.0.1');
server.SetLocalPort(Number(port));
if (pfxFile !== undefined) {
  server.SetSSLCertStoreType(CST_PFXFILE);
  server.SetSSLCertStore(pfxFile);
  server.SetSSLCertStorePassword(password);
  server.SetSSLCertSubject('*');
}
if (server.GetLastErrorCode() !== 0 || server.StartListening() !== 0) {
  console.error(`Error ${server.GetLastErrorCode()}: ${server.GetLastError()}`);
  process.exit(1);
}
console.log(`Listening on port ${server.GetLocalPort()}`);
while (true) server.DoEvents();
