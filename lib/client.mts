// SPDX-License-Identifier: MIT
// The client of serveTopics, for browsers and for Node.js: docs/browser_topics.md. It stands alone,
// so that a page can load the file that it is compiled to.

/** What it needs of a WebSocket, which browsers and Node.js from 22 on have. */
export interface WebSocketLike {
  readonly readyState: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

export interface ClientOptions {
  /** The class to connect with. @defaultValue globalThis.WebSocket */
  WebSocket?: new (
    url: string,
    protocol: string,
  ) => WebSocketLike;
  /** About how many milliseconds pass before the first attempt to connect again. @defaultValue 500 */
  minDelay?: number;
  /** Each attempt waits about twice as long as the one before, up to this. @defaultValue 30000 */
  maxDelay?: number;
  /**
   * When the server has said nothing for so many milliseconds it is asked whether it is there, and
   * given up if it says nothing for as long again.
   * @defaultValue 20000
   */
  silence?: number;
  /**
   * So many publications wait while there is no connection, and are sent when there is one; the
   * others are rejected.
   * @defaultValue 0
   */
  queue?: number;
}

/** What comes to a subscription. Binary data is a Uint8Array. */
export interface Message<Data = unknown> {
  /** What it was published to; empty: everybody. */
  readonly topic: string;
  readonly data: Data;
  /** Of what a history keeps. */
  readonly id?: string;
}

export interface PublishOptions {
  /** Has the server's history keep it. */
  keep?: boolean;
}

export interface SubscribeOptions {
  /** The {@link Subscription.lastId} of an earlier page: what came after it comes first. */
  since?: string;
}

export interface Subscription {
  readonly topic: string;
  /** Of the last message with an id that has come, or behind which the subscription has begun. */
  readonly lastId: string | undefined;
  /** Fulfilled when the server has agreed; rejected when it has not. */
  readonly ready: Promise<void>;
  unsubscribe(): void;
}

/** What the server has refused or failed at. */
export class TopicsError extends Error {
  /** `code`: a documented one of the server, or 0 when the connection was lost or is not there. */
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** The events of a {@link TopicsClient}. */
export interface ClientEvents {
  /** The connection is there; `again`: it has been before. */
  open: (event: { readonly again: boolean }) => void;
  /** It is lost, or an attempt has failed. The next one follows in `delay` ms, unless close() was called. */
  close: (event: {
    readonly code: number;
    readonly reason: string;
    readonly delay?: number;
  }) => void;
  /** What was published to everybody. */
  broadcast: (message: Message) => void;
  /** Something that was published to what `topic` fits may have been missed. */
  gap: (event: { readonly topic: string }) => void;
  /** The server has refused a subscription, which there is no more, or cannot be understood. */
  error: (error: TopicsError) => void;
}

/** What a server says. */
interface Said {
  op: 'message' | 'ok' | 'error' | 'gap';
  ref?: number;
  topic: string;
  to?: string;
  id?: string;
  data: unknown;
  encoding?: string;
  code: number;
  message: string;
}

interface Answer {
  resolve(id: string | undefined): void;
  reject(error: TopicsError): void;
}

type Handler = (data: never, message: never) => void;

/** What is to be subscribed to as long as it has handlers. */
class Wanted {
  /** Whether the server has agreed since the connection is there, so that it sends what is new. */
  live = false;
  readonly handlers = new Set<Handler>();
  answer: Answer | undefined;
  readonly ready = new Promise<void>((resolve, reject) => {
    this.answer = { resolve: () => resolve(), reject };
  });

  constructor(public since: string | undefined) {
    this.ready.catch(() => {});
  }
}

const OPEN = 1;

/** Whether a topic fits a pattern. */
function fits(topic: string, pattern: string): boolean {
  const tokens = topic.split('.');
  const wanted = pattern.split('.');
  const rest = wanted.at(-1) === '>' ? wanted.length - 1 : undefined;
  return (
    (rest === undefined ? tokens.length === wanted.length : tokens.length > rest) &&
    wanted.slice(0, rest).every((token, at) => token === '*' || token === tokens[at])
  );
}

function dataOf({ data, encoding }: Said): unknown {
  return encoding ? Uint8Array.from(atob(data as string), (byte) => byte.charCodeAt(0)) : data;
}

function fieldsOf(data: unknown): object {
  if (!(data instanceof Uint8Array)) return { data };
  let bytes = '';
  for (const byte of data) bytes += String.fromCharCode(byte);
  return { data: btoa(bytes), encoding: 'base64' };
}

/** Keeps a connection to a server with serveTopics, and what it is subscribed to. */
export class TopicsClient {
  readonly #url: string;
  readonly #options: Required<ClientOptions>;
  readonly #wanted = new Map<string, Wanted>();
  /** Those whose answers have not come, by their refs. */
  readonly #asked = new Map<number, Answer>();
  /** What waits for a connection. */
  readonly #queue: (() => void)[] = [];
  readonly #listeners: { [Name in keyof ClientEvents]?: Set<ClientEvents[Name]> } = {};
  #socket: WebSocketLike | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;
  #attempts = 0;
  #lastRef = 0;
  /** How many times #watch has looked since the server has said something. */
  #quiet = 0;
  #closed = false;
  #again = false;

  /** Connects at once to `url` (ws: or wss:), and again whenever the connection is lost. */
  constructor(url: string, options: ClientOptions = {}) {
    this.#url = url;
    this.#options = {
      WebSocket: (globalThis as unknown as Pick<Required<ClientOptions>, 'WebSocket'>).WebSocket,
      minDelay: 500,
      maxDelay: 30_000,
      silence: 20_000,
      queue: 0,
      ...options,
    };
    if (!this.#options.WebSocket) {
      throw new TopicsError(0, 'There is no WebSocket here: give one among the options');
    }
    this.#connect();
  }

  /** Whether the connection is there. */
  get connected(): boolean {
    return this.#socket?.readyState === OPEN;
  }

  /** What is returned takes the handler away again. */
  on<Name extends keyof ClientEvents>(name: Name, handler: ClientEvents[Name]): () => void {
    const handlers: Set<ClientEvents[Name]> = this.#listeners[name] ?? new Set();
    (this.#listeners as Record<Name, Set<ClientEvents[Name]>>)[name] = handlers;
    handlers.add(handler);
    return () => void handlers.delete(handler);
  }

  /**
   * Has `handler` called with each message that is published to what `topic` fits, in order; `*` and
   * `>` are wildcards. After a lost connection the server is asked for what came after the last one.
   */
  subscribe<Data = unknown>(
    topic: string,
    handler: (data: Data, message: Message<Data>) => void,
    options: SubscribeOptions = {},
  ): Subscription {
    const before = this.#wanted.get(topic);
    const wanted = before ?? new Wanted(options.since);
    if (!before) {
      this.#wanted.set(topic, wanted);
      if (this.connected) this.#ask(topic, wanted);
    }
    const own: Handler = (data, message) => handler(data, message);
    wanted.handlers.add(own);
    return {
      topic,
      ready: wanted.ready,
      get lastId() {
        return wanted.since || undefined;
      },
      unsubscribe: () => {
        wanted.handlers.delete(own);
        if (wanted.handlers.size > 0 || this.#wanted.get(topic) !== wanted) return;
        this.#wanted.delete(topic);
        if (this.connected) this.#message({ op: 'unsubscribe', topic })();
      },
    };
  }

  /**
   * Publishes any value of JSON, or bytes. Fulfilled when the server has taken it, with its id if it is
   * kept. Rejected when the connection is lost before that is known: it may have been published.
   */
  publish(
    topic: string,
    data: unknown,
    { keep }: PublishOptions = {},
  ): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      const send = this.#message(
        { op: 'publish', topic, ...fieldsOf(data), keep },
        { resolve, reject },
      );
      if (this.connected) send();
      else if (!this.#closed && this.#queue.length < this.#options.queue) this.#queue.push(send);
      else reject(new TopicsError(0, 'There is no connection'));
    });
  }

  /** Ends the connection, and makes no other. */
  close(): void {
    this.#closed = true;
    this.#drop(1000, '');
  }

  #connect(): void {
    const socket = new this.#options.WebSocket(this.#url, 'topics.v1');
    this.#socket = socket;
    this.#quiet = 0;
    socket.onopen = () => this.#onOpen();
    socket.onmessage = ({ data }: { data: string }) => this.#onMessage(data);
    socket.onclose = ({ code, reason }: { code: number; reason: string }) =>
      this.#drop(code, reason);
    // Some, such as that of Node.js 22, say nothing else when they cannot connect.
    socket.onerror = () => this.#drop(1006, '');
    this.#watch = setInterval(() => {
      this.#quiet++;
      if (this.#quiet === 3) this.#drop(1006, 'The server is silent');
      else if (this.#quiet === 2 && this.connected) this.#message({ op: 'ping', ref: 0 })();
    }, this.#options.silence);
  }

  #onOpen(): void {
    this.#quiet = 0;
    for (const [topic, wanted] of this.#wanted) this.#ask(topic, wanted);
    for (const send of this.#queue.splice(0)) send();
    this.#emit('open', { again: this.#again });
    this.#again = true;
  }

  #ask(topic: string, wanted: Wanted): void {
    const { since } = wanted;
    this.#message(
      { op: 'subscribe', topic, since },
      {
        resolve: (id) => {
          wanted.live = true;
          // Who comes back without an id is told that it may have missed some.
          wanted.since = id ?? wanted.since ?? '';
          wanted.answer?.resolve(undefined);
        },
        reject: (error) => {
          if (error.code === 0) return;
          if (this.#wanted.get(topic) === wanted) this.#wanted.delete(topic);
          wanted.answer?.reject(error);
          this.#emit('error', error);
        },
      },
    )();
  }

  /** What sends it. Without `answer` none is asked for. */
  #message(fields: object, answer?: Answer): () => void {
    const ref = ++this.#lastRef;
    const text = JSON.stringify(answer ? { ...fields, ref } : fields);
    return () => {
      if (answer) this.#asked.set(ref, answer);
      this.#socket?.send(text);
    };
  }

  #onMessage(text: string): void {
    this.#quiet = 0;
    this.#attempts = 0;
    const said: Said = JSON.parse(text);
    const { op, ref = 0, topic, to, id, code, message } = said;
    if (op === 'gap') this.#emit('gap', { topic });
    if (op === 'message') {
      const about = { topic, data: dataOf(said), id } as Message;
      if (!topic) {
        this.#emit('broadcast', about);
        return;
      }
      for (const [pattern, wanted] of this.#wanted) {
        if (to === undefined ? !wanted.live || !fits(topic, pattern) : to !== pattern) {
          continue;
        }
        wanted.since = id ?? wanted.since;
        for (const handler of wanted.handlers) this.#call(handler as never, about.data, about);
      }
      return;
    }
    const answer = this.#asked.get(ref);
    this.#asked.delete(ref);
    if (op === 'ok') answer?.resolve(id);
    if (op === 'error') {
      const error = new TopicsError(code, message);
      if (answer) answer.reject(error);
      else this.#emit('error', error);
    }
  }

  /** The connection is lost, or given up. */
  #drop(code: number, reason: string): void {
    const socket = this.#socket;
    this.#socket = undefined;
    clearInterval(this.#watch);
    clearTimeout(this.#timer);
    if (socket !== undefined) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.onerror = () => {};
      socket.close();
    }
    const lost = new TopicsError(0, 'The connection is lost');
    if (this.#closed) {
      // They are among those that are asked for then.
      for (const send of this.#queue.splice(0)) send();
      for (const { answer } of this.#wanted.values()) answer?.reject(lost);
    }
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { reject } of asked) reject(lost);
    for (const wanted of this.#wanted.values()) wanted.live = false;
    if (this.#closed) {
      if (socket !== undefined) this.#emit('close', { code, reason });
      return;
    }
    const { minDelay, maxDelay } = this.#options;
    const most = Math.min(maxDelay, minDelay * 2 ** this.#attempts++);
    const delay = Math.round(most * (0.5 + Math.random() / 2));
    this.#timer = setTimeout(() => this.#connect(), delay);
    this.#emit('close', { code, reason, delay });
  }

  #emit<Name extends keyof ClientEvents>(
    name: Name,
    event: Parameters<ClientEvents[Name]>[0],
  ): void {
    for (const handler of this.#listeners[name] ?? []) this.#call(handler as never, event);
  }

  /** What a handler throws keeps no other from its call. */
  #call(handler: (...values: unknown[]) => void, ...values: unknown[]): void {
    try {
      handler(...values);
    } catch (error) {
      setTimeout(() => {
        throw error;
      });
    }
  }
}
