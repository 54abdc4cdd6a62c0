// What must not compile with the compat face: each line stands below the comment that expects its
// error, as in project/types.test.ts.

import { test } from 'node:test';
import {
  Certificate,
  CertStoreTypes,
  CST_PFXFILE,
  type EventParams,
  WSServer,
  type WSServerConnectedEventParams,
  type WSServerConnectionRequestEventParams,
  type WSServerDataInEventParams,
  type WSServerDisconnectedEventParams,
  type WSServerErrorEventParams,
  type WSServerLogEventParams,
  type WSServerPingEventParams,
  type WSServerReadyToSendEventParams,
  type WSServerSSLClientAuthenticationEventParams,
  type WSServerSSLConnectionRequestEventParams,
  type WSServerSSLStatusEventParams,
  type WSServerWebSocketOpenRequestEventParams,
  type wsserver,
} from 'native-wsserver/compat';

class Mistaken extends WSServer {
  override FireDataIn(e: EventParams<'DataIn'>): number {
    const text: string = e.Text;
    const bytes: Uint8Array = e.TextB;
    const size: number = e.lenText;
    void [text, bytes, size];
    // @ts-expect-error: fields in PascalCase
    void e.connectionId;
    // @ts-expect-error: read only
    e.Text = '';
    // @ts-expect-error: only binary parameters have a size
    void e.lenDataFormat;
    return 0;
  }

  // @ts-expect-error: no such event
  override FireMessage(): number {
    return 0;
  }

  // @ts-expect-error: the parameters of another event
  override FirePing(e: EventParams<'DataIn'>): number {
    return e.ConnectionId;
  }

  override FireWebSocketOpenRequest(e: EventParams<'WebSocketOpenRequest'>): void {
    e.StatusCode = 403;
    // @ts-expect-error: a number
    e.StatusCode = '403';
    // @ts-expect-error: read only
    e.RequestURI = '/';
  }
}

/** The events as the C++ edition's headers name their parameters. */
class Documented extends WSServer {
  override FireConnected(e: WSServerConnectedEventParams): number {
    return e.ConnectionId;
  }
  override FireConnectionRequest(e: WSServerConnectionRequestEventParams): boolean {
    e.Accept = true;
    return e.Accept;
  }
  override FireDataIn(e: WSServerDataInEventParams): string {
    return e.Text;
  }
  override FireDisconnected(e: WSServerDisconnectedEventParams): number {
    return e.StatusCode;
  }
  override FireError(e: WSServerErrorEventParams): number {
    return e.ErrorCode;
  }
  override FireLog(e: WSServerLogEventParams): string {
    return e.LogType;
  }
  override FirePing(e: WSServerPingEventParams): boolean {
    return e.Response;
  }
  override FireReadyToSend(e: WSServerReadyToSendEventParams): number {
    return e.ConnectionId;
  }
  override FireSSLClientAuthentication(e: WSServerSSLClientAuthenticationEventParams): boolean {
    e.Accept = true;
    return e.Accept;
  }
  override FireSSLConnectionRequest(e: WSServerSSLConnectionRequestEventParams): string {
    return e.SupportedCipherSuites;
  }
  override FireSSLStatus(e: WSServerSSLStatusEventParams): string {
    return e.Message;
  }
  override FireWebSocketOpenRequest(e: WSServerWebSocketOpenRequestEventParams): string {
    // @ts-expect-error: read only
    e.Extensions = '';
    return e.Extensions;
  }
}

/** Never called: it only has to compile. */
function cpp(server: WSServer): void {
  const code: number = server.SetLocalPort(8080);
  const port: number = server.GetLocalPort();
  const host: string = server.GetWSConnectionHost(5);
  const sent: number = server.SendText('5', 'x');
  void [code, port, host, sent];
  server.SetSSLCertStoreType(CST_PFXFILE);
  // @ts-expect-error: misspelt
  server.SetLocalport(8080);
  // @ts-expect-error: misspelt
  server.GetWSConnectionhost(5);
  // @ts-expect-error: of which connection?
  server.GetWSConnectionHost();
  // @ts-expect-error: a number
  server.SetLocalPort('8080');
  // @ts-expect-error: a boolean
  server.SetWSConnectionAcceptData(5, 'yes');
  // @ts-expect-error: read only
  server.SetWSConnectionCount(5);
  // @ts-expect-error: read only
  server.SetWSConnectionHost(5, '');
  // @ts-expect-error: write only
  server.GetWSConnectionDataToSend(5);
  // @ts-expect-error: text or bytes
  server.SendBytes(5, 5);
  // @ts-expect-error: no such method
  server.Broadcast('x');
  // @ts-expect-error: what is documented as a result code is one
  const wrong: string = server.StartListening();
  void wrong;
}

/** Never called either. */
async function javascript(server: wsserver): Promise<void> {
  server.setLocalPort(8080);
  const port: number = server.getLocalPort();
  const host: string = server.getConnections().item('5').getRemoteHost();
  const value: string = await server.config('MaxConnections');
  const elapsedMs: number = await server.ping(5);
  void [port, host, value, elapsedMs];
  await server.sendText(5, 'x', (error) => void error?.code);
  server
    .on('DataIn', (e) => void e.text)
    .once('Connected', (e) => void e.connectionId)
    .setLocalPort(1);
  server.setSSLCert(new Certificate(CertStoreTypes.cstPFXFile, 'file', 'password', '*'));
  const subject: string | undefined = server.getSSLCert()?.getSubject();
  server.setRuntimeLicense('key');
  const version: string = server.VERSION;
  server.getLocalPort((error, value) => void [error?.code, value?.toFixed()]);
  server.setLocalPort(8080, (error) => void error?.message);
  server.getWSConnectionHost(5, (_error, value) => void value?.toLowerCase());
  void [subject, version];
  await server.pauseData(5, (error) => void error?.code);
  // @ts-expect-error: a number
  server.getLocalPort((_error, value) => void value?.toLowerCase());
  // @ts-expect-error: misspelt
  server.setLocalport(8080);
  // @ts-expect-error: misspelt
  server.getConnections().item(5).getRemotehost();
  // @ts-expect-error: read only
  server.getConnections().item(5).setRemoteHost('');
  // @ts-expect-error: misspelt
  await server.sendtext(5, 'x');
  // @ts-expect-error: a number
  server.setLocalPort('8080');
  // @ts-expect-error: text or bytes
  await server.sendBytes(5, {});
  // @ts-expect-error: a promise
  const wrong: string = server.config('MaxConnections');
  void wrong;
  // @ts-expect-error: no such event
  server.on('Message', () => {});
  // @ts-expect-error: no such type of stores
  void CertStoreTypes.cstPfxFile;
}

test('what must not compile does not', () => {
  void [Mistaken, Documented, cpp, javascript];
});
