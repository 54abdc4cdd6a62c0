'use strict';
// Writes the tables of names in docs/migration.md: each documented name as the editions have it, and
// as the main face has it. `--check` only compares.

const fs = require('node:fs');
const path = require('node:path');
const documented = require('../dist/compat/documented.js');

const guide = path.join(__dirname, '../docs/migration.md');
const START = '<!-- Written by `npm run docs`. -->\n';

/** RequestURI is requestURI, SSLCertStore is sslCertStore. */
const camel = (name) => name.replace(/^[A-Z]+(?![a-z])|^[A-Z]/, (start) => start.toLowerCase());
/** RequestURI is request_uri, SSLCertStore is ssl_cert_store. */
const snake = (name) =>
  name.replace(/([a-z])([A-Z])|([A-Z])([A-Z][a-z])/g, '$1$3_$2$4').toLowerCase();

/** The verbs of a property, as `get` and `set` or in another spelling. */
function verbs({ access }, get, set) {
  return access === 'r' ? get : access === 'w' ? set : `${get}/${set}`;
}

const serverProperties = Object.entries(documented.serverProperties).map(([name, row]) => {
  const isCertificate = name.startsWith('SSLCert');
  const verb = verbs(row, 'get', 'set');
  return [
    `${verbs(row, 'Get', 'Set')}${name}()`,
    isCertificate ? 'SSLCert' : name === 'WSConnectionCount' ? 'Connections.Count' : name,
    isCertificate ? `${verb}SSLCert()` : `${verb}${name}()`,
    `${verb}${name}()`,
    `${verb}_${snake(name)}()`,
    name,
    `server.${row.member}`,
  ];
});

const connectionProperties = Object.entries(documented.connectionProperties).map(([name, row]) => {
  const verb = verbs(row, 'get', 'set');
  return [
    `${verbs(row, 'Get', 'Set')}WSConnection${name}(id)`,
    `Connections[id].${name}`,
    `getConnections().get(id).${verb}${name}()`,
    `getConnections().item(id).${verb}${name}()`,
    `${verb}_ws_connection_${snake(name)}(id)`,
    `WSConnection${name}[id]`,
    `connection.${row.member}`,
  ];
});

const methods = Object.entries(documented.documentedMethods).map(([name, { member }]) => [
  `${name}()`,
  `${name}()`,
  `${camel(name)}()`,
  `${camel(name)}()`,
  `${snake(name)}()`,
  `${name}()`,
  `server.${member}()`,
]);

const events = Object.entries(documented.documentedEvents).map(([name, parameters]) => [
  `Fire${name}(e)`,
  `On${name}`,
  `${name.replace(/^[A-Z](?=[a-z])/, (start) => start.toLowerCase())}(e)`,
  `on('${name}')`,
  `on_${snake(name)}`,
  `On${name}`,
  Object.values(parameters)
    .map(({ field }) => `e.${field}`)
    .join(' '),
]);

/** A table whose cells are code. */
function table(last, rows) {
  const headings = ['C++', 'C#', 'Java', 'JavaScript', 'Python', 'Delphi', last];
  return [
    headings,
    headings.map(() => '---'),
    ...rows.map((row) => row.map((cell) => `\`${cell}\``)),
  ]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
}

const tables = [
  ['### Properties of the server', table('main face', serverProperties)],
  ['### Properties of a connection', table('main face', connectionProperties)],
  ['### Methods', table('main face', methods)],
  ['### Events', table("JavaScript's and the main face's fields", events)],
].map((section) => section.join('\n\n'));

const found = fs.readFileSync(guide, 'utf8');
const wanted = `${found.slice(0, found.indexOf(START))}${START}\n${tables.join('\n\n')}\n`;
if (!process.argv.includes('--check')) {
  fs.writeFileSync(guide, wanted);
} else if (found !== wanted) {
  console.error('docs/migration.md is out of date: npm run docs');
  process.exitCode = 1;
}
