// SPDX-License-Identifier: MIT
// THE tables of the documented names: what each is called, and what the main face calls it. The
// compat face and the reference page are made from these rows. Settings and errors are not here:
// their tables are the core's (native/server/settings/options.cc, native/base/error.cc).

import type { DocumentedEventName, EventMap } from '../events/events.js';
import type { WSConnection } from '../server/connection.js';
import type { WSServer } from '../server/wsserver.js';

/** The documented types. `binary` is text or bytes. */
export type DocumentedType = 'boolean' | 'integer' | 'string' | 'binary';

/** A documented property of `Owner`, which calls it `member`. */
export interface PropertyRow<Owner> {
  readonly member: keyof Owner & string;
  readonly type: DocumentedType;
  /** Whether it can be read and written. */
  readonly access: 'r' | 'w' | 'rw';
}

/** A documented method; its parameters are in their order. */
export interface MethodRow {
  readonly member: keyof WSServer & string;
  readonly parameters: Readonly<Record<string, DocumentedType>>;
}

/** A parameter of a documented event, which the event's object calls `field`. */
export interface ParameterRow<Event> {
  readonly field: keyof Event & string;
  readonly type: DocumentedType;
  /** Whether a handler may set it. */
  readonly inout?: true;
}

/** The properties of the server as a whole. */
export const serverProperties = {
  ConnectionBacklog: { member: 'connectionBacklog', type: 'integer', access: 'rw' },
  WSConnectionCount: { member: 'wsConnectionCount', type: 'integer', access: 'r' },
  DefaultTimeout: { member: 'defaultTimeout', type: 'integer', access: 'rw' },
  Listening: { member: 'listening', type: 'boolean', access: 'rw' },
  LocalHost: { member: 'localHost', type: 'string', access: 'rw' },
  LocalPort: { member: 'localPort', type: 'integer', access: 'rw' },
  SSLAuthenticateClients: { member: 'sslAuthenticateClients', type: 'boolean', access: 'rw' },
  SSLCertEncoded: { member: 'sslCertEncoded', type: 'binary', access: 'rw' },
  SSLCertStore: { member: 'sslCertStore', type: 'binary', access: 'rw' },
  SSLCertStorePassword: { member: 'sslCertStorePassword', type: 'string', access: 'rw' },
  SSLCertStoreType: { member: 'sslCertStoreType', type: 'integer', access: 'rw' },
  SSLCertSubject: { member: 'sslCertSubject', type: 'string', access: 'rw' },
} as const satisfies Readonly<Record<string, PropertyRow<WSServer>>>;

/** The properties of a connection, whose documented names begin with WSConnection. */
export const connectionProperties = {
  AcceptData: { member: 'acceptData', type: 'boolean', access: 'rw' },
  BytesSent: { member: 'bytesSent', type: 'integer', access: 'r' },
  Connected: { member: 'connected', type: 'boolean', access: 'rw' },
  ConnectionId: { member: 'connectionId', type: 'string', access: 'r' },
  DataFormat: { member: 'dataFormat', type: 'integer', access: 'rw' },
  DataToSend: { member: 'dataToSend', type: 'binary', access: 'w' },
  Host: { member: 'host', type: 'string', access: 'r' },
  LineMode: { member: 'lineMode', type: 'boolean', access: 'r' },
  LocalAddress: { member: 'localAddress', type: 'string', access: 'r' },
  Origin: { member: 'origin', type: 'string', access: 'r' },
  ReadyToSend: { member: 'readyToSend', type: 'boolean', access: 'r' },
  RemoteHost: { member: 'remoteHost', type: 'string', access: 'r' },
  RemotePort: { member: 'remotePort', type: 'integer', access: 'r' },
  RequestHeaders: { member: 'requestHeaders', type: 'string', access: 'r' },
  RequestURI: { member: 'requestURI', type: 'string', access: 'r' },
  SubProtocols: { member: 'subProtocols', type: 'string', access: 'r' },
  Timeout: { member: 'timeout', type: 'integer', access: 'rw' },
} as const satisfies Readonly<Record<string, PropertyRow<WSConnection>>>;

export const documentedMethods = {
  ChangeLineMode: {
    member: 'changeLineMode',
    parameters: { ConnectionId: 'integer', LineMode: 'boolean' },
  },
  Config: { member: 'config', parameters: { ConfigurationString: 'string' } },
  Disconnect: { member: 'disconnect', parameters: { ConnectionId: 'integer' } },
  DoEvents: { member: 'doEvents', parameters: {} },
  Interrupt: { member: 'interrupt', parameters: { ConnectionId: 'integer' } },
  Ping: { member: 'ping', parameters: { ConnectionId: 'integer' } },
  Send: { member: 'send', parameters: { ConnectionId: 'integer', Data: 'binary' } },
  SendBytes: { member: 'sendBytes', parameters: { ConnectionId: 'integer', Data: 'binary' } },
  SendFile: { member: 'sendFile', parameters: { ConnectionId: 'integer', FileName: 'string' } },
  SendText: { member: 'sendText', parameters: { ConnectionId: 'integer', Text: 'string' } },
  Shutdown: { member: 'shutdown', parameters: {} },
  StartListening: { member: 'startListening', parameters: {} },
  StopListening: { member: 'stopListening', parameters: {} },
} as const satisfies Readonly<Record<string, MethodRow>>;

/** The events and their parameters, in their order. */
export const documentedEvents = {
  Connected: {
    ConnectionId: { field: 'connectionId', type: 'integer' },
  },
  ConnectionRequest: {
    Address: { field: 'address', type: 'string' },
    Port: { field: 'port', type: 'integer' },
    Accept: { field: 'accept', type: 'boolean', inout: true },
  },
  DataIn: {
    ConnectionId: { field: 'connectionId', type: 'integer' },
    DataFormat: { field: 'dataFormat', type: 'integer' },
    Text: { field: 'text', type: 'binary' },
    EOM: { field: 'eom', type: 'boolean' },
    EOL: { field: 'eol', type: 'boolean' },
  },
  Disconnected: {
    ConnectionId: { field: 'connectionId', type: 'integer' },
    StatusCode: { field: 'statusCode', type: 'integer' },
    Description: { field: 'description', type: 'string' },
  },
  Error: {
    ConnectionId: { field: 'connectionId', type: 'integer' },
    ErrorCode: { field: 'errorCode', type: 'integer' },
    Description: { field: 'description', type: 'string' },
  },
  Log: {
    ConnectionId: { field: 'connectionId', type: 'integer' },
    LogLevel: { field: 'logLevel', type: 'integer' },
    Message: { field: 'message', type: 'string' },
    LogType: { field: 'logType', type: 'string' },
  },
  Ping: {
    ConnectionId: { field: 'connectionId', type: 'integer' },
    Payload: { field: 'payload', type: 'binary' },
    Response: { field: 'response', type: 'boolean' },
  },
  ReadyToSend: {
    ConnectionId: { field: 'connectionId', type: 'integer' },
  },
  SSLClientAuthentication: {
    ConnectionId: { field: 'connectionId', type: 'integer' },
    CertEncoded: { field: 'certEncoded', type: 'binary' },
    CertSubject: { field: 'certSubject', type: 'string' },
    CertIssuer: { field: 'certIssuer', type: 'string' },
    Status: { field: 'status', type: 'string' },
    Accept: { field: 'accept', type: 'boolean', inout: true },
  },
  SSLConnectionRequest: {
    ConnectionId: { field: 'connectionId', type: 'integer' },
    SupportedCipherSuites: { field: 'supportedCipherSuites', type: 'string' },
    SupportedSignatureAlgs: { field: 'supportedSignatureAlgs', type: 'string' },
    CertStoreType: { field: 'certStoreType', type: 'integer', inout: true },
    CertStore: { field: 'certStore', type: 'string', inout: true },
    CertPassword: { field: 'certPassword', type: 'string', inout: true },
    CertSubject: { field: 'certSubject', type: 'string', inout: true },
  },
  SSLStatus: {
    ConnectionId: { field: 'connectionId', type: 'integer' },
    Message: { field: 'message', type: 'string' },
  },
  WebSocketOpenRequest: {
    ConnectionId: { field: 'connectionId', type: 'integer' },
    RequestURI: { field: 'requestURI', type: 'string' },
    HostHeader: { field: 'hostHeader', type: 'string' },
    OriginHeader: { field: 'originHeader', type: 'string' },
    SubProtocols: { field: 'subProtocols', type: 'string', inout: true },
    Extensions: { field: 'extensions', type: 'string' },
    RequestHeaders: { field: 'requestHeaders', type: 'string' },
    StatusCode: { field: 'statusCode', type: 'integer', inout: true },
    ResponseHeaders: { field: 'responseHeaders', type: 'string', inout: true },
  },
} as const satisfies {
  readonly [Name in DocumentedEventName]: Readonly<Record<string, ParameterRow<EventMap[Name]>>>;
};
