// What is wrong with a certificate store, as rows.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Certificate, type CertStoreType, WSServerError } from 'native-wsserver';

export type Arguments = [
  type: CertStoreType,
  store: string | Uint8Array,
  password?: string,
  subject?: string | Uint8Array,
];

/** What is said, and what is to be done about it. */
export type Mistake = [name: string, code: number, text: RegExp, store: () => Arguments];

/**
 * A test for each: the documented code, a sentence, nothing of the store in it, and little work.
 */
export function testMistakes(mistakes: readonly Mistake[]): void {
  for (const [name, code, text, store] of mistakes) {
    test(name, () => {
      const given = store();
      const [, contents, password] = given;
      const before = process.cpuUsage();
      assert.throws(
        () => new Certificate(...given),
        (error: unknown) => {
          assert.ok(error instanceof WSServerError, String(error));
          assert.deepEqual([error.code, error.cause], [code, undefined], error.message);
          assert.match(error.message, text);
          if (password) assert.ok(!error.message.includes(password));
          if (typeof contents === 'string' && contents.length > 9) {
            assert.ok(!error.message.includes(contents));
          }
          return true;
        },
      );
      const { user, system } = process.cpuUsage(before);
      assert.ok(user + system < 5_000_000, `${user + system} µs`);
    });
  }
}

export function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}
