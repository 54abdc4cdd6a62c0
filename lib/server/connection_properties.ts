// SPDX-License-Identifier: MIT

import { propertyIndex } from '../boundary/property_index.js';
import type { PropertyIndex, Value } from '../boundary/property_types.js';

const BYTES_SENT = propertyIndex('BytesSent');
const CONNECTION_UID = propertyIndex('ConnectionUID');
const HOST = propertyIndex('Host');
const LINE_MODE = propertyIndex('LineMode');
const LOCAL_ADDRESS = propertyIndex('LocalAddress');
const ORIGIN = propertyIndex('Origin');
const QUEUED_BYTES = propertyIndex('QueuedBytes');
const READY_TO_SEND = propertyIndex('ReadyToSend');
const REMOTE_HOST = propertyIndex('RemoteHost');
const REMOTE_PORT = propertyIndex('RemotePort');
const REQUEST_HEADERS = propertyIndex('RequestHeaders');
const REQUEST_URI = propertyIndex('RequestURI');
const SKIPPED_MESSAGES = propertyIndex('SkippedMessages');
const SUB_PROTOCOLS = propertyIndex('SubProtocols');

/** What a {@link WSConnection} has for properties that are only read. */
export abstract class ConnectionProperties {
  /** @internal */
  protected abstract read<Type extends Value>(index: PropertyIndex<Type>): Type;

  /** Bytes that wait because the client does not read them: see {@link drain}. */
  get bufferedBytes(): number {
    return this.read(QUEUED_BYTES);
  }

  /** Bytes taken by the last send: all or 0; always 0 while {@link timeout} is positive. */
  get bytesSent(): number {
    return this.read(BYTES_SENT);
  }

  /**
   * A text that no other connection has or will have, of this server or any other: for
   * {@link WSServer.sendTo} and {@link WSServer.disconnectAt}.
   */
  get connectionUID(): string {
    return this.read(CONNECTION_UID);
  }

  /** The Host header of the request. */
  get host(): string {
    return this.read(HOST);
  }

  /** Whether DataIn fires for each line: see {@link WSServer.changeLineMode}. */
  get lineMode(): boolean {
    return this.read(LINE_MODE);
  }

  /** The IP address of the interface that the client is connected to. */
  get localAddress(): string {
    return this.read(LOCAL_ADDRESS);
  }

  /** The Origin header of the request, or empty. */
  get origin(): string {
    return this.read(ORIGIN);
  }

  /** Whether a send would be taken; false after one has failed with 10035, until ReadyToSend. */
  get readyToSend(): boolean {
    return this.read(READY_TO_SEND);
  }

  /** The client's IP address. */
  get remoteHost(): string {
    return this.read(REMOTE_HOST);
  }

  /** The client's TCP port. */
  get remotePort(): number {
    return this.read(REMOTE_PORT);
  }

  /** The header lines of the request as they came, separated by CR LF. */
  get requestHeaders(): string {
    return this.read(REQUEST_HEADERS);
  }

  /** Path and query as the request has them. */
  get requestURI(): string {
    return this.read(REQUEST_URI);
  }

  /** The subprotocols that the client offered, separated by commas. */
  get subProtocols(): string {
    return this.read(SUB_PROTOCOLS);
  }

  /** Messages published that it has not been sent, because its client was too slow. */
  get skippedMessages(): number {
    return this.read(SKIPPED_MESSAGES);
  }
}
