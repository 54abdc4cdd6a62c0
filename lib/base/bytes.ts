// SPDX-License-Identifier: MIT
// The bytes that an object really has. A subclass of Uint8Array, or an own property, may lie about
// the length; these functions read it from inside the object, and were taken from the language
// before anybody could replace them.

import { types } from 'node:util';

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;

/** A method as a function of its object. */
function uncurry<Uncurried>(method: unknown): Uncurried {
  return Function.prototype.call.bind(method as () => void) as Uncurried;
}

function getter<This, Value>(prototype: object, name: string | symbol): (self: This) => Value {
  return uncurry(Object.getOwnPropertyDescriptor(prototype, name)?.get);
}

/** How many bytes there are. */
export const lengthOf = getter<Uint8Array, number>(typedArray, 'length');

/** Writes bytes into others. */
export const copyInto = uncurry<(target: Uint8Array, source: Uint8Array, offset: number) => void>(
  Uint8Array.prototype.set,
);

const nameOf = getter<unknown, string | undefined>(typedArray, Symbol.toStringTag);
const ofArray = {
  buffer: getter<NodeJS.TypedArray, ArrayBufferLike>(typedArray, 'buffer'),
  byteOffset: getter<NodeJS.TypedArray, number>(typedArray, 'byteOffset'),
  byteLength: getter<NodeJS.TypedArray, number>(typedArray, 'byteLength'),
};
const ofView = {
  buffer: getter<DataView, ArrayBufferLike>(DataView.prototype, 'buffer'),
  byteOffset: getter<DataView, number>(DataView.prototype, 'byteOffset'),
  byteLength: getter<DataView, number>(DataView.prototype, 'byteLength'),
};

/** Whether it is a Uint8Array: of this or another realm, or of a class that extends it. */
export function isUint8Array(data: unknown): data is Uint8Array {
  return nameOf(data) === 'Uint8Array';
}

/** The bytes of `data` as a plain Uint8Array; undefined when it has none. */
export function bytesOf(data: unknown): Uint8Array | undefined {
  if (nameOf(data) !== undefined) {
    const array = data as NodeJS.TypedArray;
    return new Uint8Array(
      ofArray.buffer(array),
      ofArray.byteOffset(array),
      ofArray.byteLength(array),
    );
  }
  if (ArrayBuffer.isView(data)) {
    const view = data as DataView;
    try {
      return new Uint8Array(ofView.buffer(view), ofView.byteOffset(view), ofView.byteLength(view));
    } catch {
      return undefined; // Its buffer has become shorter, or has been given away.
    }
  }
  return types.isAnyArrayBuffer(data) ? new Uint8Array(data) : undefined;
}
