// A client of send_file.js: `node file_client.js PORT [BYTES]`. Says of each message that comes how
// large it is and what its hash is, a line of JSON each; with BYTES it resets the connection after
// so many instead.

const { createHash } = require('node:crypto');
const net = require('node:net');

const [port, limit = Infinity] = process.argv.slice(2).map(Number);
const REQUEST = [
  'GET / HTTP/1.1',
  'Host: localhost',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
];

let received = Buffer.alloc(0);
let open = false;
/** Bytes that are to come of the current frame. */
let left = 0;
let last = false;
let size = 0;
let hash = createHash('sha256');

const socket = net.connect(port, '127.0.0.1', () => {
  socket.write(`${REQUEST.join('\r\n')}\r\n\r\n`);
});
socket.on('data', (bytes) => {
  received = received.length > 0 ? Buffer.concat([received, bytes]) : bytes;
  while (left > 0 ? readPayload() : open ? readHeader() : readAnswer());
  if (size >= limit) socket.resetAndDestroy();
});

function take(count) {
  const bytes = received.subarray(0, count);
  received = received.subarray(count);
  return bytes;
}

function readAnswer() {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return false;
  take(end + 4);
  open = true;
  return true;
}

function readHeader() {
  if (received.length < 2) return false;
  const short = received[1];
  const headerSize = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (received.length < headerSize) return false;
  const header = take(headerSize);
  last = header[0] >= 0x80;
  left =
    short < 126
      ? short
      : short === 126
        ? header.readUInt16BE(2)
        : Number(header.readBigUInt64BE(2));
  if (left === 0) endFrame();
  return true;
}

function readPayload() {
  if (received.length === 0) return false;
  const part = take(Math.min(left, received.length));
  hash.update(part);
  size += part.length;
  left -= part.length;
  if (left === 0) endFrame();
  return true;
}

function endFrame() {
  if (!last) return;
  console.log(JSON.stringify({ size, sha256: hash.digest('hex') }));
  size = 0;
  hash = createHash('sha256');
}
