// SPDX-License-Identifier: MIT
// The settings in text, as config() has them. Their table is the core's; what JavaScript has to do
// with some of them is here.

import { createHash, getFips, setFips } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { type Codec, codecOf } from '../base/code_page.js';
import { errors } from '../base/errors.js';
import { packageJson, packageRoot } from '../base/package_root.js';
import type { NativeServer } from '../boundary/native.js';
import type { Value } from '../boundary/property_types.js';

/** Names that settings had in earlier editions. */
const formerNames: ReadonlyMap<string, string> = new Map([['usessl', 'SSLEnabled']]);

/** The commit, in a clone of the repository; undefined in an installed package. */
function commit(): string | undefined {
  try {
    const read = (name: string): string =>
      readFileSync(join(packageRoot, '.git', name), 'utf8').trim();
    const head = read('HEAD');
    return head.startsWith('ref: ') ? read(head.slice('ref: '.length)) : head;
  } catch {
    return undefined;
  }
}

function buildInfo(): string {
  const { name, version } = packageJson();
  const { node, openssl, uv, zlib } = process.versions;
  const hash = commit();
  const build = hash === undefined ? '' : ` (${hash.slice(0, 12)})`;
  return `${name} ${version}${build}; Node.js ${node}; OpenSSL ${openssl}; libuv ${uv}; zlib ${zlib}`;
}

function licenseInfo(): string {
  const { name, license } = packageJson();
  return `Product: ${name}\r\nLicense Type: ${license}`;
}

/** @throws {@link WSServerError} 270 when there is no FIPS provider, 10045 in a worker */
function useFips(on: boolean): void {
  const was = getFips() === 1;
  if (on === was) return;
  if (!isMainThread) {
    throw errors.operationNotSupported(
      'UseFIPSCompliantAPI is one switch for the whole process: set it in the main thread.',
    );
  }
  try {
    setFips(on);
    // OpenSSL tells only now that it has no provider for it.
    createHash('sha256');
  } catch (error) {
    setFips(was);
    throw errors.securityLibraryNotLoaded(
      `UseFIPSCompliantAPI cannot be "${on ? 'True' : 'False'}": OpenSSL ` +
        `${process.versions.openssl} of this process has no FIPS provider; see the documentation ` +
        'of Node.js on FIPS mode.',
      { cause: error },
    );
  }
}

/** What is read in place of what the core has, by names in lower case. */
const facts: ReadonlyMap<string, () => string> = new Map([
  ['buildinfo', buildInfo],
  ['licenseinfo', licenseInfo],
  ['usefipscompliantapi', () => (getFips() === 1 ? 'True' : 'False')],
]);

/** The settings of one server. */
export class Settings {
  readonly #core: NativeServer;
  /** What is to be done when a setting has a new value, by names in lower case. */
  readonly #effects: ReadonlyMap<string, () => void>;

  constructor(core: NativeServer, onCodec: (codec: Codec | undefined) => void) {
    this.#core = core;
    this.#effects = new Map<string, () => void>([
      ['codepage', () => onCodec(codecOf(core.get('CodePage')))],
      ['usefipscompliantapi', () => useFips(core.get('UseFIPSCompliantAPI'))],
    ]);
  }

  /** Fails like {@link NativeServer.set}; nothing has changed then. */
  set(name: string, value: Value): void {
    const effect = this.#effects.get(name.toLowerCase());
    const before = effect === undefined ? value : this.#core.get(name);
    this.#core.set(name, value);
    if (effect === undefined) return;
    try {
      effect();
    } catch (error) {
      this.#core.set(name, before);
      throw error;
    }
  }

  /** Sets or reads: see {@link WSServer.config}. */
  config(setting: string): string {
    if (typeof setting !== 'string') {
      throw errors.invalidArgument("Give config() a string: 'Name=Value', or 'Name' alone.");
    }
    const equals = setting.indexOf('=');
    const given = (equals < 0 ? setting : setting.slice(0, equals)).trim();
    const name = formerNames.get(given.toLowerCase()) ?? given;
    if (equals >= 0) this.set(name, setting.slice(equals + 1).trim());
    return this.read(name);
  }

  /** The value in the words of Config(). */
  read(name: string): string {
    const fact = facts.get(name.toLowerCase());
    return fact === undefined ? this.#core.readText(name) : fact();
  }
}
