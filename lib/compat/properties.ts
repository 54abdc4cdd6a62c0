// SPDX-License-Identifier: MIT
// The documented properties as pairs of methods, getLocalPort() and setLocalPort(): made, and typed,
// from the rows of lib/compat/documented.ts.

import type { Data } from '../sending/sender.js';
import type { WSConnection } from '../server/connection.js';
import type { connectionProperties, DocumentedType, serverProperties } from './documented.js';

/** Identifies a connection: a number, or the same as text. */
export type ConnectionId = number | string;

/** What the documented types are in JavaScript. */
interface Values {
  boolean: boolean;
  integer: number;
  string: string;
  binary: string | Uint8Array;
}

type ValueOf<Row> = Row extends { readonly type: infer Type extends DocumentedType }
  ? Values[Type]
  : never;

/** The methods that read the properties of `Rows`; `Key` is what they are given. */
export type Getters<Prefix extends string, Rows, Key extends unknown[] = []> = {
  [Name in keyof Rows & string as Rows[Name] extends { readonly access: 'r' | 'rw' }
    ? `${Prefix}${Name}`
    : never]: (...key: Key) => ValueOf<Rows[Name]>;
};

/** The methods that write them. */
export type Setters<Prefix extends string, Rows, Result, Key extends unknown[] = []> = {
  [Name in keyof Rows & string as Rows[Name] extends { readonly access: 'w' | 'rw' }
    ? `${Prefix}${Name}`
    : never]: (...args: [...key: Key, value: ValueOf<Rows[Name]>]) => Result;
};

export type ServerRows = typeof serverProperties;
export type ConnectionRows = typeof connectionProperties;

interface Row {
  readonly member: string;
  readonly type: DocumentedType;
  readonly access: 'r' | 'w' | 'rw';
}

/** How a face reads and writes. */
export interface Accessors<Holder> {
  /** The prefixes of the names. */
  readonly get: string;
  readonly set: string;
  /** How many arguments say whose property it is, and who that is. */
  readonly keys: 0 | 1;
  owner(holder: Holder, key: unknown): object;
  /**
   * What the methods return, and when they fail; `callback` is what they were given behind their
   * arguments.
   */
  read(holder: Holder, type: DocumentedType, read: () => unknown, callback: unknown): unknown;
  write(holder: Holder, write: () => unknown, callback: unknown): unknown;
}

/** Gives `prototype` the methods for `rows`. */
export function defineProperties<Holder>(
  prototype: object,
  rows: Readonly<Record<string, Row>>,
  accessors: Accessors<Holder>,
): void {
  function define(name: string, method: (this: Holder, ...args: unknown[]) => unknown): void {
    Object.defineProperty(prototype, name, { value: method, writable: true, configurable: true });
  }
  const { keys } = accessors;
  for (const [name, { member, type, access }] of Object.entries(rows)) {
    if (access !== 'w') {
      define(`${accessors.get}${name}`, function (...args) {
        const read = (): unknown => {
          const value: unknown = Reflect.get(accessors.owner(this, args[0]), member);
          return type === 'string' ? String(value) : value;
        };
        return accessors.read(this, type, read, args[keys]);
      });
    }
    if (access !== 'r') {
      define(`${accessors.set}${name}`, function (...args) {
        const value = args[keys];
        const write = (): unknown => {
          const owner = accessors.owner(this, args[0]);
          // To set this is to send, which may fail later.
          if (member === 'dataToSend') return (owner as WSConnection).send(value as Data);
          Reflect.set(owner, member, type === 'boolean' ? Boolean(value) : value);
          return undefined;
        };
        return accessors.write(this, write, args[keys + 1]);
      });
    }
  }
}
