// The names by which clients choose a certificate (SNI): which are the same, and which are none.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { WSServer } from 'native-wsserver';
import { issue } from '../support/certificates.js';
import { startServer } from '../support/server.js';
import { connectTls } from '../support/tls_client.js';

const plain = issue('plain.example');
const named = issue('named.example');
const certificate = { key: plain.key, cert: plain.cert };
const other = { key: named.key, cert: named.cert };

/** The name of the certificate that a client gets which asks for `servername`. */
async function shown(t: TestContext, port: number, servername: string): Promise<string> {
  const { tls } = await connectTls(t, port, { servername });
  return `${tls.getPeerCertificate().subject.CN}`;
}

for (const [given, asked] of [
  ['www.example.com', 'WWW.Example.COM'],
  ['WWW.EXAMPLE.COM', 'www.example.com'],
  ['www.example.com.', 'www.example.com'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['*.Bücher.example.', 'www.xn--bcher-kva.example'],
  ['localhost', 'localhost'],
  ['my_service.example', 'my_service.example'],
] as const) {
  test(`${given} is what ${asked} asks for`, async (t) => {
    const server = await startServer(t, { certificate, certificatesByName: { [given]: other } });
    assert.equal(await shown(t, server.localPort, asked), 'named.example');
    assert.equal(await shown(t, server.localPort, 'else.example'), 'plain.example');
  });
}

for (const name of [
  '',
  '.',
  '*',
  '*.',
  'a.*.example',
  'a*.example',
  '192.0.2.7',
  '1.2.3',
  '[2001:db8::7]',
  '2001:db8::7',
  'www.example.com:443',
  'https://www.example.com',
  'www.example.com/path',
  'user@www.example.com',
  ' www.example.com',
  'www.example.com\n',
  'www..example.com',
  'www.example.com..',
  'www%2eexample.com',
  'xn--a',
  '-www.example.com',
  `${'x'.repeat(64)}.example`,
  `${'x.'.repeat(130)}example`,
]) {
  test(`nobody asks for ${JSON.stringify(name)}`, () => {
    const server = new WSServer({ certificate });
    assert.throws(
      () => {
        server.certificatesByName = { [name]: other };
      },
      { name: 'WSServerError', code: 10022, message: /certificatesByName/ },
    );
  });
}

test('one name twice', () => {
  const names = { 'www.example.com': certificate, 'WWW.example.com.': other };
  assert.throws(() => new WSServer({ certificate, certificatesByName: names }), { code: 10022 });
});
