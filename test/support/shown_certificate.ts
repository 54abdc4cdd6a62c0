import tls from 'node:tls';

/** The common name in the certificate that a TLS client is shown, once the handshake is done. */
export async function shownCertificate(
  port: number,
  options: tls.ConnectionOptions = {},
): Promise<string> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  try {
    await new Promise((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
    });
    return `${socket.getPeerCertificate().subject.CN}`;
  } finally {
    socket.destroy();
  }
}
