// SPDX-License-Identifier: MIT

const MOST = 200;

/** What a user has given, or thrown, in words for an error: 200 characters at most. Never throws. */
export function shown(value: unknown): string {
  let text: string;
  try {
    // The message of an error may be of any type.
    text = value instanceof Error ? `${value.message}` : String(value);
  } catch {
    text = `${typeof value} that cannot be shown`;
  }
  return text.length > MOST ? `${text.slice(0, MOST - 1)}…` : text;
}
