// SPDX-License-Identifier: MIT
// The documented code pages: how strings become bytes and bytes become text, where it is not by
// UTF-8.

import { errors } from './errors.js';

/** A code page. A character that it does not have becomes a question mark. */
export interface Codec {
  encode(text: string): Uint8Array;
  decode(bytes: Uint8Array): string;
}

const UTF8 = 65001;
/** The documented number of UTF-8 on macOS. */
const MAC_UTF8 = 4;

function* numbered(prefix: string, ids: readonly number[]): Generator<[number, string]> {
  for (const id of ids) yield [id, `${prefix}${id}`];
}

const DOS = [437, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869];
const DOUBLE_BYTE = [932, 936, 949, 950];
const WINDOWS = [874, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258];
const ISO_8859 = [28591, 28592, 28593, 28594, 28595, 28596, 28597, 28598, 28599, 28605];

/** The documented code pages that have an encoding here, with its name in iconv-lite. */
const encodings: ReadonlyMap<number, string> = new Map([
  ...numbered('cp', [...DOS, 720, ...DOUBLE_BYTE, ...ISO_8859]),
  ...numbered('windows', WINDOWS),
  [708, 'asmo708'],
  [1200, 'utf16le'],
  [1201, 'utf16be'],
  [10000, 'macroman'],
  [10006, 'macgreek'],
  [10007, 'maccyrillic'],
  [10010, 'macromania'],
  [10017, 'macukraine'],
  [10021, 'macthai'],
  [10029, 'maccenteuro'],
  [10079, 'maciceland'],
  [10081, 'macturkish'],
  [10082, 'maccroatian'],
  [12000, 'utf32le'],
  [12001, 'utf32be'],
  [20105, 'ascii'],
  [20127, 'ascii'],
  [20866, 'koi8r'],
  [20932, 'eucjp'],
  [20936, 'gb2312'],
  [21866, 'koi8u'],
  [38598, 'iso88598'],
  [51932, 'eucjp'],
  [51936, 'gb2312'],
  [51949, 'euckr'],
  [54936, 'gb18030'],
  [65000, 'utf7'],
  [UTF8, 'utf8'],
  // The numbers of macOS.
  [1, 'ascii'],
  [3, 'eucjp'],
  [MAC_UTF8, 'utf8'],
  [5, 'iso88591'],
  [8, 'shiftjis'],
  [9, 'iso88592'],
  [11, 'windows1251'],
  [12, 'windows1252'],
  [13, 'windows1253'],
  [14, 'windows1254'],
  [15, 'windows1250'],
  [30, 'macroman'],
]);

/**
 * Undefined for UTF-8, which needs nothing.
 * @throws {@link WSServerError} 10022 for one that has no encoding here
 */
export function codecOf(codePage: number): Codec | undefined {
  const encoding = encodings.get(codePage);
  if (encoding === undefined) {
    throw errors.invalidArgument(
      `CodePage cannot be "${codePage}": there is no encoding for it here; those with one are ` +
        `${[...encodings.keys()].join(', ')}.`,
    );
  }
  if (encoding === 'utf8') return undefined;
  // Loaded when it is needed: for most it never is.
  const iconv: typeof import('iconv-lite') = require('iconv-lite');
  const exact = { stripBOM: false, addBOM: false };
  return {
    encode: (text) => iconv.encode(text, encoding, exact),
    decode: (bytes) => iconv.decode(bytes, encoding, exact),
  };
}
