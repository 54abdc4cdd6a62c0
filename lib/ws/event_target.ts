// SPDX-License-Identifier: MIT
// The events of the browser's WebSocket, as npm ws has them, on top of EventEmitter.

import { EventEmitter } from 'node:events';

/** What has happened to a WebSocket. */
export class Event<Target = unknown> {
  readonly #type: string;
  readonly #target: Target;

  constructor(type: string, target: Target) {
    this.#type = type;
    this.#target = target;
  }

  get type(): string {
    return this.#type;
  }

  get target(): Target {
    return this.#target;
  }
}

/** It has been closed. */
export class CloseEvent<Target = unknown> extends Event<Target> {
  readonly code: number;
  readonly reason: string;
  /** Whether both sides have said Close. */
  readonly wasClean: boolean;

  constructor(target: Target, code: number, reason: string, wasClean: boolean) {
    super('close', target);
    this.code = code;
    this.reason = reason;
    this.wasClean = wasClean;
  }
}

/** Something has failed. */
export class ErrorEvent<Target = unknown> extends Event<Target> {
  // biome-ignore lint/suspicious/noExplicitAny: as in ws, whose users read what they know is there.
  readonly error: any;
  readonly message: string;

  constructor(target: Target, error: Error) {
    super('error', target);
    this.error = error;
    this.message = error.message;
  }
}

/** A message has come: text is a string. */
export class MessageEvent<Target = unknown, Data = unknown> extends Event<Target> {
  readonly data: Data;

  constructor(target: Target, data: Data) {
    super('message', target);
    this.data = data;
  }
}

/** What a message comes as: see binaryType; text is a Buffer. */
export type RawData = Buffer | ArrayBuffer | Buffer[];

/** The events, and what their listeners are given. */
export interface WebSocketEvents {
  open: [];
  /** Text is a Buffer as well. */
  message: [data: RawData, isBinary: boolean];
  ping: [data: Buffer];
  pong: [data: Buffer];
  close: [code: number, reason: Buffer];
  error: [error: Error];
}

/** A handler of an event: a function, or an object with one. */
type Handler = ((event: Event) => unknown) | { handleEvent(event: Event): unknown };

/** The same for one kind of event. */
type HandlerOf<Of> = ((event: Of) => void) | { handleEvent(event: Of): void };

/** The handler of `onmessage` and the like. */
type Attribute<Of> = ((event: Of) => void) | null;

/** What handlers are given, by the types of events. */
interface Events<Target> {
  open: Event<Target>;
  message: MessageEvent<Target, string | RawData>;
  close: CloseEvent<Target>;
  error: ErrorEvent<Target>;
}

/** What EventEmitter calls for a handler. */
interface Wrapper {
  (...args: unknown[]): void;
  handler?: Handler;
  /** Whether it is that of `onmessage` and the like. */
  isAttribute?: boolean;
}

const makers: Readonly<Record<string, (target: EventTarget, ...args: never[]) => Event>> = {
  open: (target) => new Event('open', target),
  message: (target, data: { toString(): string }, isBinary: boolean) =>
    new MessageEvent(target, isBinary ? data : data.toString()),
  close: (target, code: number, reason: Buffer) =>
    new CloseEvent(target, code, reason.toString(), target.wasClean),
  error: (target, error: Error) => new ErrorEvent(target, error),
};

const wrappersOf = (target: EventTarget, type: string): Wrapper[] =>
  target.listeners(type as 'open') as Wrapper[];

/** What has the events of the browser's WebSocket beside those of ws. */
export abstract class EventTarget extends EventEmitter<WebSocketEvents> {
  declare onopen: Attribute<Event<this>>;
  declare onmessage: Attribute<MessageEvent<this, string | RawData>>;
  declare onclose: Attribute<CloseEvent<this>>;
  declare onerror: Attribute<ErrorEvent<this>>;

  /** Whether both sides have said Close. @internal */
  abstract get wasClean(): boolean;

  /** Adds a handler, unless it has been added before. Types that there are not are passed over. */
  addEventListener<Type extends keyof Events<this>>(
    type: Type,
    handler: HandlerOf<Events<this>[Type]>,
    options: { once?: boolean | undefined } = {},
  ): void {
    const isKnown = wrappersOf(this, type).some(
      (wrapper) => wrapper.handler === handler && !wrapper.isAttribute,
    );
    if (!isKnown) addHandler(this, type, handler as Handler, { once: options.once === true });
  }

  removeEventListener<Type extends keyof Events<this>>(
    type: Type,
    handler: HandlerOf<Events<this>[Type]>,
  ): void {
    const found = wrappersOf(this, type).find(
      (wrapper) => wrapper.handler === handler && !wrapper.isAttribute,
    );
    if (found !== undefined) this.removeListener(type as 'open', found);
  }
}

function addHandler(
  target: EventTarget,
  type: string,
  handler: Handler,
  { once = false, isAttribute = false } = {},
): void {
  const make = Object.hasOwn(makers, type) ? makers[type] : undefined;
  if (make === undefined) return;
  const wrapper: Wrapper = (...args) => {
    const event = make(target, ...(args as never[]));
    if (typeof handler === 'function') handler.call(target, event);
    else handler.handleEvent(event);
  };
  wrapper.handler = handler;
  wrapper.isAttribute = isAttribute;
  if (once) target.once(type as 'open', wrapper);
  else target.on(type as 'open', wrapper);
}

for (const type of ['open', 'message', 'close', 'error']) {
  const find = (target: EventTarget): Wrapper | undefined =>
    wrappersOf(target, type).find((wrapper) => wrapper.isAttribute);
  Object.defineProperty(EventTarget.prototype, `on${type}`, {
    enumerable: true,
    configurable: true,
    get(this: EventTarget) {
      return find(this)?.handler ?? null;
    },
    set(this: EventTarget, handler: unknown) {
      const old = find(this);
      if (old !== undefined) this.removeListener(type as 'open', old);
      if (typeof handler === 'function') {
        addHandler(this, type, handler as Handler, { isAttribute: true });
      }
    },
  });
}
