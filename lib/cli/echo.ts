// SPDX-License-Identifier: MIT
// `wsserver echo`: sends every message back, and says every second how it is doing.

import { join } from 'node:path';
import type { Statistics } from '../boundary/native.js';
import type { CertificateSource } from '../certificates/certificate.js';
import { NatsBus } from '../nats/nats_bus.js';
import { WSServer } from '../server/wsserver.js';
import { worker } from '../workers/worker.js';
import { Workers } from '../workers/workers.js';
import { parseOptions, readOptionFile, UsageError, wholeNumber } from './usage.js';

const USAGE = `Usage: wsserver echo [options]

Sends every message back in its own type. Ends on SIGINT or SIGTERM, closing its clients with 1001.

Options:
  --host H             address or name of the interface to listen on (default 127.0.0.1)
  --port N             port to listen on; 0 picks one (default 8080)
  --workers N|auto     so many processes that share the port; auto: one for each processor
  --nats URL           joins the servers at this NATS (more of them: once more); a message to its
                       subject wss.everybody reaches all their clients
  --max-connections N  clients at a time, of each process (default 100000)
  --subprotocol NAME   the subprotocol to choose when it is offered
  --cert FILE          serve wss:// with this certificate and its chain (PEM), and
  --key FILE           this private key (PEM)
  --pfx FILE           serve wss:// with the certificate of a PFX
  --passphrase TEXT    what opens the private key or the PFX
  --help
`;

const GOING_AWAY = 1001;

/** What happened within a second, and what there is. */
interface Report {
  connections: number;
  messagesInPerSecond: number;
  messagesOutPerSecond: number;
  bytesInPerSecond: number;
  bytesOutPerSecond: number;
  residentBytes: number;
}

/** What there has been. */
type Counts = Statistics & { readonly residentBytes: number };

function makeReport(now: Counts, before: Counts, seconds: number): Report {
  const rate = (key: keyof Counts): number => Math.round((now[key] - before[key]) / seconds);
  return {
    connections: now.connections,
    messagesInPerSecond: rate('messagesIn'),
    messagesOutPerSecond: rate('messagesOut'),
    bytesInPerSecond: rate('bytesIn'),
    bytesOutPerSecond: rate('bytesOut'),
    residentBytes: now.residentBytes,
  };
}

function liveLine(report: Report): string {
  const count = (value: number): string => value.toLocaleString('en-US');
  const megabytes = (value: number): string => (value / 1e6).toFixed(1);
  return [
    `${count(report.connections)} connections`,
    `${count(report.messagesInPerSecond)} messages/s in, ${count(report.messagesOutPerSecond)} out`,
    `${megabytes(report.bytesInPerSecond)} MB/s in, ${megabytes(report.bytesOutPerSecond)} out`,
    `${megabytes(report.residentBytes)} MB resident`,
  ].join(' | ');
}

/** Reports every second: a live line on a terminal, else a line of JSON. */
async function startReporting(count: () => Counts | Promise<Counts>): Promise<NodeJS.Timeout> {
  const terminal = process.stdout.isTTY === true;
  let before = await count();
  let beforeMs = performance.now();
  return setInterval(async () => {
    const now = await count();
    const nowMs = performance.now();
    const report = makeReport(now, before, (nowMs - beforeMs) / 1000);
    before = now;
    beforeMs = nowMs;
    if (terminal) process.stdout.write(`\r\x1b[K${liveLine(report)}`);
    else console.log(JSON.stringify(report));
  }, 1000);
}

/** The certificate that the options name; undefined for a server without TLS. */
function parseCertificate(values: {
  cert?: string | undefined;
  key?: string | undefined;
  pfx?: string | undefined;
  passphrase: string;
}): CertificateSource | undefined {
  const { cert, key, pfx, passphrase } = values;
  if (pfx !== undefined) {
    if (cert !== undefined || key !== undefined) {
      throw new UsageError('--pfx excludes --cert and --key', USAGE);
    }
    return { pfx: readOptionFile('--pfx', pfx, USAGE), passphrase };
  }
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new UsageError('--cert and --key belong together', USAGE);
  }
  return {
    cert: readOptionFile('--cert', cert, USAGE),
    key: readOptionFile('--key', key, USAGE),
    passphrase,
  };
}

function makeServer(options: {
  host: string;
  port: number;
  maxConnections: number;
  subprotocol: string | undefined;
  certificate: CertificateSource | undefined;
}): WSServer {
  const server = new WSServer({
    localHost: options.host,
    localPort: options.port,
    settings: { MaxConnections: options.maxConnections },
    ...(options.certificate && { certificate: options.certificate }),
  });
  server.on('DataIn', (event) => {
    if (event.dataFormat === 1) server.sendText(event.connectionId, event.text);
    else server.sendBytes(event.connectionId, event.textB);
  });
  server.on('Error', (event) => {
    // Clients that leave before their answer, or are slow to take it, are everyday life.
    if (event.connectionId === 0) console.error(event.description);
  });
  const wanted = options.subprotocol;
  if (wanted !== undefined) {
    server.on('WebSocketOpenRequest', (event) => {
      const offered = event.subProtocols.split(',').map((token) => token.trim());
      event.subProtocols = offered.includes(wanted) ? wanted : '';
    });
  }
  return server;
}

/**
 * Has `listen` called when the server has joined the others at its NATS, if there is one. What is
 * returned leaves them.
 */
async function joinAndListen(
  server: WSServer,
  servers: string[] | undefined,
  listen: () => Promise<void>,
): Promise<() => void> {
  if (servers === undefined) {
    await listen();
    return () => {};
  }
  const bus = new NatsBus({
    servers,
    onStatus: (status) => {
      if (status.connected) console.error(`NATS at ${status.server} is there`);
    },
  });
  try {
    await server.join(bus);
    await listen();
  } catch (error) {
    // It would keep the process running.
    bus.close();
    throw error;
  }
  return () => bus.close();
}

function workerCount(text: string): number | 'auto' {
  return text === 'auto' ? text : wholeNumber('--workers', text, 1, 1024, USAGE);
}

/** What serves: one process, or several. */
interface Service {
  start(): Promise<void>;
  /** Closes the clients. */
  stop(): Promise<void>;
  readonly localPort: number;
  count(): Counts | Promise<Counts>;
}

function serviceOf(server: WSServer, nats: string[] | undefined): Service {
  let leave = (): void => {};
  return {
    async start() {
      leave = await joinAndListen(server, nats, () => server.startListening());
    },
    async stop() {
      server.config(`DisconnectStatusCode=${GOING_AWAY}`);
      await server.shutdown();
      leave();
    },
    get localPort() {
      return server.localPort;
    },
    count: () => ({ ...server.statistics, residentBytes: process.memoryUsage.rss() }),
  };
}

/** `args` are those of this command: each of the processes has them as well. */
function serviceOfWorkers(count: number | 'auto', server: WSServer, args: string[]): Service {
  const { localHost, localPort } = server;
  const workers = new Workers(join(__dirname, 'main.js'), {
    count,
    localHost,
    localPort,
    args: ['echo', ...args],
  });
  workers.on('Exited', ({ worker: id, pid, code, signal, expected }) => {
    if (!expected) console.error(`worker ${id} (${pid}) has ended: ${signal ?? code}`);
  });
  return {
    start: () => workers.start(),
    stop: () => workers.shutdown(),
    get localPort() {
      return workers.localPort;
    },
    count: () => workers.statistics(),
  };
}

/** Runs until a signal comes; the exit status is 0. */
export async function echoCommand(args: string[]): Promise<number> {
  const { values } = parseOptions(
    {
      args,
      options: {
        host: { type: 'string', default: '127.0.0.1' },
        port: { type: 'string', default: '8080' },
        workers: { type: 'string' },
        nats: { type: 'string', multiple: true },
        'max-connections': { type: 'string', default: '100000' },
        subprotocol: { type: 'string' },
        cert: { type: 'string' },
        key: { type: 'string' },
        pfx: { type: 'string' },
        passphrase: { type: 'string', default: '' },
        help: { type: 'boolean', default: false },
      },
    },
    USAGE,
  );
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const certificate = parseCertificate(values);
  const server = makeServer({
    host: values.host,
    port: wholeNumber('--port', values.port, 0, 65535, USAGE),
    maxConnections: wholeNumber('--max-connections', values['max-connections'], 1, 100000, USAGE),
    subprotocol: values.subprotocol,
    certificate,
  });
  if (worker.id !== undefined) {
    await joinAndListen(server, values.nats, () => worker.join(server, { topics: false }));
    return 0;
  }
  const service =
    values.workers === undefined
      ? serviceOf(server, values.nats)
      : serviceOfWorkers(workerCount(values.workers), server, args);
  await service.start();
  const host = values.host.includes(':') ? `[${values.host}]` : values.host;
  const scheme = certificate === undefined ? 'ws' : 'wss';
  console.log(`Listening on ${scheme}://${host}:${service.localPort}`);

  const reporting = await startReporting(() => service.count());
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  clearInterval(reporting);
  if (process.stdout.isTTY) process.stdout.write('\n');
  await service.stop();
  return 0;
}
