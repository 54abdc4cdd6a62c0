'use strict';
// Makes inputs for a fuzzer from those that are known: the same on every machine, whatever the code
// is that they are for. libFuzzer's own depend on the code's branches and on addresses, even from a
// fixed seed, and so a change might fail for what another has done.

const fs = require('node:fs');
const path = require('node:path');

/** No input grows beyond this many bytes. */
const MAX_SIZE = 64 * 1024;
/** Bytes that mean something in a header, a length or a text. */
const telling = [
  0, 1, 0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x7d, 0x7e, 0x7f, 0x80, 0x81, 0x88, 0xc1, 0xff,
];

/** A generator of whole numbers below `bound` (mulberry32). */
function numbers(seed) {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

/** `bytes` with `removed` bytes at `at` replaced. */
const replaced = (bytes, at, removed, by) =>
  Buffer.concat([bytes.subarray(0, at), Buffer.from(by), bytes.subarray(at + removed)]);

/** Ways to change an input; `other` is another one. */
const changes = [
  (bytes, at, draw) => replaced(bytes, at, 1, [(bytes[at] ?? 0) ^ (1 << draw(8))]),
  (bytes, at, draw) => replaced(bytes, at, 1, [draw(256)]),
  (bytes, at, draw) => replaced(bytes, at, 1, [telling[draw(telling.length)]]),
  (bytes, at, draw) => replaced(bytes, at, 0, Buffer.alloc(1 + draw(16), draw(256))),
  (bytes, at, draw) => replaced(bytes, at, 1 + draw(32), []),
  (bytes, at, draw) => replaced(bytes, at, 0, bytes.subarray(at, at + 1 + draw(64))),
  (bytes, at, draw, other) => {
    const from = draw(other.length + 1);
    return replaced(bytes, at, draw(32), other.subarray(from, from + 1 + draw(128)));
  },
];

/** Writes `count` inputs, made from the files of `known`, into the new folder `made`. */
function makeInputs(known, made, count) {
  const names = fs.readdirSync(known).sort();
  if (names.length === 0) throw new Error(`nothing in ${known}`);
  const inputs = names.map((name) => fs.readFileSync(path.join(known, name)));
  const draw = numbers(1);
  const any = () => inputs[draw(inputs.length)];
  fs.mkdirSync(made, { recursive: true });
  for (let index = 0; index < count; index++) {
    let bytes = any();
    for (let rest = 1 + draw(4); rest > 0; rest--) {
      bytes = changes[draw(changes.length)](bytes, draw(bytes.length + 1), draw, any());
    }
    fs.writeFileSync(path.join(made, String(index)), bytes.subarray(0, MAX_SIZE));
  }
}

module.exports = { makeInputs };
