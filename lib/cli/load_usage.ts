// SPDX-License-Identifier: MIT
// What `wsserver load` takes: for those who ask, and for node:util.

import type { ParseArgsConfig } from 'node:util';
import { TLS_OPTIONS, TLS_USAGE } from './load_tls.js';

export const USAGE = `Usage: wsserver load [options] ws[s]://HOST[:PORT][/PATH]

Loads a WebSocket echo server and tells how it did. Every echo is compared with what was sent.

Connections:
  --connections N         how many (default 64)
  --rate N                begin N per second (default: as fast as they go)
  --timeout S             seconds for connecting and upgrading, and for closing (default 10)
  --subprotocol NAME      to offer; may be repeated
  --header 'NAME: VALUE'  to add to the request; may be repeated
  --local-address IP      to connect from; may be repeated, and is then taken in turn. One address
                          is good for about 14,000 connections, and for as many more slowly
  --processes N           to share the work (default: one for each 15,000 connections)

${TLS_USAGE}
Messages:
  --size BYTES            of each message (default 20)
  --file FILE             messages to send instead, one a line
  --text | --binary       (default binary)
  --deflate               offer permessage-deflate, and compress where it is agreed on; made-up
                          messages are JSON then
  --in-flight N           messages of a connection that await their echo: the next is sent when one
                          has come back (default 1)
  --messages-per-second N send at this rate instead, all connections together; latency is measured
                          from when a message was to be sent (no coordinated omission)
  --idle                  send nothing, only hold the connections
  --churn                 again and again: connect, upgrade, exchange one message, close
  --broadcast             the first connection sends, and the server sends it on to all, the first
                          one too: the next is sent when it has come to all. One process does it

  --publications          the server sends of its own accord, too: messages of the other type (text,
                          unless --text) are no echoes, and counted for each connection

Measuring:
  --warmup S              seconds before (default 1)
  --duration S            seconds (default 10)
  --pid PID               of the server, to measure its CPU time and memory (Linux)
  --json FILE             write the result
  --html FILE             write a report with plots
  --fail-if CONDITION     exit with 1 if it holds; may be repeated. 'p99>5ms', 'errors>0',
                          'messages/s<100000'; of p50, p90, p99, p99.9, max, errors, mismatches,
                          connects, connects/s, messages/s, cpu (time per message)
  --help
`;

/** What node:util is to know of them. */
export const LOAD_OPTIONS = {
  connections: { type: 'string', default: '64' },
  rate: { type: 'string' },
  timeout: { type: 'string', default: '10' },
  subprotocol: { type: 'string', multiple: true, default: [] },
  header: { type: 'string', multiple: true, default: [] },
  'local-address': { type: 'string', multiple: true, default: [] },
  processes: { type: 'string' },
  ...TLS_OPTIONS,
  size: { type: 'string' },
  file: { type: 'string' },
  text: { type: 'boolean', default: false },
  binary: { type: 'boolean', default: false },
  deflate: { type: 'boolean', default: false },
  'in-flight': { type: 'string' },
  'messages-per-second': { type: 'string' },
  idle: { type: 'boolean', default: false },
  churn: { type: 'boolean', default: false },
  publications: { type: 'boolean', default: false },
  broadcast: { type: 'boolean', default: false },
  warmup: { type: 'string', default: '1' },
  duration: { type: 'string', default: '10' },
  pid: { type: 'string' },
  json: { type: 'string' },
  html: { type: 'string' },
  'fail-if': { type: 'string', multiple: true, default: [] },
  help: { type: 'boolean', default: false },
} satisfies ParseArgsConfig['options'];
