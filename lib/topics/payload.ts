// SPDX-License-Identifier: MIT
// How a value of JSON lies in the message that is published, and comes out of it again.

/** With what JSON may begin, in place of most texts that are none. */
const BEGINS_JSON = /^[\s"{[\-\dtfn]/;

export function isJson(text: string): boolean {
  if (!BEGINS_JSON.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * The text that is published for `value`: a string is itself, for those who take the bare message,
 * unless that would be taken for another value.
 * @throws RangeError when it is too deep to be written
 */
export function textOf(value: unknown): string {
  return typeof value === 'string' && !isJson(value) ? value : JSON.stringify(value);
}
