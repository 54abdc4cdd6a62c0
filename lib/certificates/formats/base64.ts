// SPDX-License-Identifier: MIT
// Base64 in bytes: Node's own wants a string, which may be a key and could not be wiped.

const IGNORED = 255;
const PADDING = '='.charCodeAt(0);
const values = new Uint8Array(256).fill(IGNORED);
for (const alphabet of ['+/', '-_'].map((last) => `${letters()}0123456789${last}`)) {
  for (let value = 0; value < alphabet.length; value++) values[alphabet.charCodeAt(value)] = value;
}

function letters(): string {
  const capitals = Array.from({ length: 26 }, (_, i) => String.fromCharCode(65 + i)).join('');
  return capitals + capitals.toLowerCase();
}

const isSpace = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);

/** Whether there is nothing else in `text`. */
export function isBase64(text: Uint8Array): boolean {
  return (
    text.length > 0 &&
    text.every((byte) => values[byte] !== IGNORED || byte === PADDING || isSpace(byte))
  );
}

/** What `text` encodes, in either alphabet (RFC 4648), up to its padding. Other bytes are ignored. */
export function decodeBase64(text: Uint8Array): Buffer {
  const bytes = Buffer.alloc(Math.ceil((text.length * 3) / 4));
  let [size, bits, count] = [0, 0, 0];
  for (const digit of text) {
    if (digit === PADDING) break;
    const value = values[digit] as number;
    if (value === IGNORED) continue;
    bits = ((bits << 6) | value) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes[size++] = bits >> count;
  }
  return bytes.subarray(0, size);
}
