// A certificate for 127.0.0.1 (ECDSA, P-256), made anew with openssl for each run.

const { execFileSync } = require('node:child_process');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');

let made;

/** The paths of a certificate and its key, in PEM; they are gone when the process ends. */
function certificate() {
  if (made !== undefined) return made;
  const folder = mkdtempSync(path.join(tmpdir(), 'wsserver-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true }));
  const [cert, key] = ['cert.pem', 'key.pem'].map((name) => path.join(folder, name));
  const args = [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', key, '-out', cert],
  ];
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  made = { cert, key };
  return made;
}

module.exports = { certificate };
