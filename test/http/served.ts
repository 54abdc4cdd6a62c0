// A server with an httpServer, in plain text and under TLS, and clients of it.

import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { TestContext } from 'node:test';
import tls from 'node:tls';
import type { WSServer, WSServerOptions } from 'native-wsserver';
import { ByteClient } from '../support/byte_client.js';
import { authority, issue } from '../support/certificates.js';
import { startServer } from '../support/server.js';

const certificate = issue('http.example.com');

export const ways = ['in plain text', 'under TLS'] as const;
export type Way = (typeof ways)[number];

export class Served {
  readonly server: WSServer;
  readonly httpServer: http.Server;
  readonly isSecure: boolean;

  private constructor(server: WSServer, httpServer: http.Server, isSecure: boolean) {
    this.server = server;
    this.httpServer = httpServer;
    this.isSecure = isSecure;
  }

  static async start(
    t: TestContext,
    way: Way,
    httpServer: http.Server,
    options: WSServerOptions = {},
  ): Promise<Served> {
    const isSecure = way === 'under TLS';
    const { cert, key } = certificate;
    const security = isSecure ? { certificate: { cert, key } } : {};
    const server = await startServer(t, { httpServer, ...security, ...options });
    return new Served(server, httpServer, isSecure);
  }

  get port(): number {
    return this.server.localPort;
  }

  /** What a client of https needs to know. */
  get target() {
    return { host: '127.0.0.1', port: this.port, ca: authority.cert, servername: 'localhost' };
  }

  /** A connection with nothing said on it. */
  async connect(t: TestContext, more: tls.ConnectionOptions = {}): Promise<ByteClient> {
    if (!this.isSecure) return ByteClient.connect(t, this.port);
    const socket = tls.connect({ ...this.target, ...more });
    const client = ByteClient.over(t, socket);
    await Promise.race([once(socket, 'secureConnect'), client.ended]);
    return client;
  }

  agent(options: http.AgentOptions = {}): http.Agent {
    return this.isSecure ? new https.Agent(options) : new http.Agent(options);
  }

  request(options: http.RequestOptions): http.ClientRequest {
    const { request } = this.isSecure ? https : http;
    return request({ ...this.target, ...options });
  }

  /** The answer to a request without a body, and its text. */
  async get(options: http.RequestOptions): Promise<[http.IncomingMessage, string]> {
    const request = this.request(options).end();
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    return [response, await textOf(response)];
  }
}

async function textOf(message: http.IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of message) text += piece;
  return text;
}

/** A request with these lines. */
export function head(line: string, ...lines: string[]): string {
  return `${[line, 'Host: localhost', ...lines].join('\r\n')}\r\n\r\n`;
}

/** How many sockets this process has open. */
export function socketsOpen(): number {
  return fs
    .readdirSync('/proc/self/fd')
    .map((fd) => {
      try {
        return fs.readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return ''; // That of the listing itself.
      }
    })
    .filter((link) => link.startsWith('socket:')).length;
}
