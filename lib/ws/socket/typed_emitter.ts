// SPDX-License-Identifier: MIT
// EventEmitter as @types/ws has it: typed for the events that there are, and open for those of users.

import { EventEmitter } from 'node:events';

// biome-ignore lint/suspicious/noExplicitAny: whoever has events of his own knows what they bring.
type Any = any[];
type Name = string | symbol;

/** `Events` has what the listeners of each event are given. */
export interface TypedEmitter<Events extends { [Key in keyof Events]: Any }> extends EventEmitter {
  on<Type extends keyof Events>(
    event: Type,
    listener: (this: this, ...args: Events[Type]) => void,
  ): this;
  on(event: Name, listener: (this: this, ...args: Any) => void): this;
  once<Type extends keyof Events>(
    event: Type,
    listener: (this: this, ...args: Events[Type]) => void,
  ): this;
  once(event: Name, listener: (this: this, ...args: Any) => void): this;
  off<Type extends keyof Events>(
    event: Type,
    listener: (this: this, ...args: Events[Type]) => void,
  ): this;
  off(event: Name, listener: (this: this, ...args: Any) => void): this;
  addListener<Type extends keyof Events>(
    event: Type,
    listener: (this: this, ...args: Events[Type]) => void,
  ): this;
  addListener(event: Name, listener: (this: this, ...args: Any) => void): this;
  removeListener<Type extends keyof Events>(
    event: Type,
    listener: (this: this, ...args: Events[Type]) => void,
  ): this;
  removeListener(event: Name, listener: (this: this, ...args: Any) => void): this;
}

/** EventEmitter itself. */
export const TypedEmitter = EventEmitter as unknown as new <
  Events extends { [Key in keyof Events]: Any },
>() => TypedEmitter<Events>;
