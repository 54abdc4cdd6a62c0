import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { LogEvent, WSServer, WSServerOptions } from 'native-wsserver';
import { Op } from './byte_client.js';
import { collect, startEcho } from './server.js';
import { connectTls } from './tls_client.js';

/** A server under TLS that is wronged, with another client that is to notice nothing. */
export interface Watched {
  server: WSServer;
  lines: LogEvent[];
  noticesNothing(): Promise<void>;
}

export async function startWatched(t: TestContext, options: WSServerOptions): Promise<Watched> {
  const server = await startEcho(t, options);
  const { inner } = await connectTls(t, server.localPort);
  await inner.upgrade();
  const noticesNothing = async (): Promise<void> => {
    inner.sendFrame(Op.text, 'still here');
    assert.equal((await inner.readFrame()).payload.toString(), 'still here');
  };
  return { server, lines: collect(server, 'Log'), noticesNothing };
}

/** Why TLS has failed, by the Log. */
export function reasonsIn(lines: readonly LogEvent[]): string[] {
  const line = /^TLS with 127\.0\.0\.1:\d+ failed: (.*)$/;
  return lines.flatMap(({ message }) => line.exec(message)?.[1] ?? []);
}
