import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type EventParams, WSServer } from 'native-wsserver/compat';
import { defer } from './defer.js';

/** A server in the C++ style that listens on a free port of 127.0.0.1, and a log of its own. */
export class TestServer extends WSServer {
  readonly log: string[] = [];
  onData: (e: EventParams<'DataIn'>) => void = () => {};

  static start<Server extends TestServer>(this: new () => Server, t: TestContext): Server {
    const server = new this();
    server.SetLocalHost('127.0.0.1');
    server.Config('OutBufferSize=65536'); // Who sends megabytes has to wait.
    assert.equal(server.StartListening(), 0, server.GetLastError());
    defer(t, () => server.shutdown());
    return server;
  }

  override FireDataIn(e: EventParams<'DataIn'>): void {
    this.onData(e);
  }

  override FireDisconnected(e: EventParams<'Disconnected'>): void {
    this.log.push(`disconnected ${e.ConnectionId}`);
  }
}
