// What a page does with its WebSocket. The function is sent to a browser as text: it uses what it is
// given and what browsers have. What it reports is compared with what must be by the test.

/** The browser's own, which undici's is like. */
declare const WebSocket: typeof import('undici').WebSocket;
type WebSocket = import('undici').WebSocket;

/** How a connection ended, as a page is told. */
interface Closed {
  code: number;
  reason: string;
  wasClean: boolean;
}

/** What the page is to do. */
export interface Tasks {
  /** An echo server that has services besides, by the path. */
  url: string;
  /** The same without compression. */
  plainUrl: string;
  /** A server that dies when it is sent something, and comes back. */
  mortalUrl: string;
  texts: string[];
  sizes: number[];
  /** Arguments for close(). */
  closes: [code?: number, reason?: string][];
  /** Arguments for close() that browsers refuse. */
  refusedCloses: [code: number, reason?: string][];
  /** Codes and reasons for the server to close with. */
  serverCloses: [code: number, reason: string][];
}

/** Does all tasks and sends a report: by the name of each, what it came to. */
export async function runPage(tasks: Tasks): Promise<void> {
  function connect(url: string, protocols: string[] = []): Promise<WebSocket> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, protocols);
      socket.binaryType = 'arraybuffer';
      socket.addEventListener('open', () => resolve(socket));
      socket.addEventListener('close', ({ code }) => reject(`refused, ${code}`));
    });
  }

  function received(socket: WebSocket): Promise<unknown> {
    return new Promise((resolve) => {
      socket.addEventListener('message', ({ data }) => resolve(data), { once: true });
    });
  }

  function closed(socket: WebSocket): Promise<Closed> {
    return new Promise((resolve) => {
      socket.addEventListener('close', ({ code, reason, wasClean }) =>
        resolve({ code, reason, wasClean }),
      );
    });
  }

  /** Runs `use` with a connection that is closed afterwards. */
  async function connected<Result>(
    use: (socket: WebSocket) => Promise<Result>,
    url = tasks.url,
  ): Promise<Result> {
    const socket = await connect(url);
    const result = await use(socket);
    socket.close();
    return result;
  }

  async function isEchoed(
    socket: WebSocket,
    bytes: Uint8Array,
    asSent: ArrayBuffer | Blob | Uint8Array,
  ): Promise<boolean> {
    const echo = received(socket);
    socket.send(asSent);
    const data = await echo;
    const back = new Uint8Array(
      data instanceof Blob ? await data.arrayBuffer() : (data as ArrayBuffer),
    );
    return back.length === bytes.length && back.every((byte, index) => byte === bytes[index]);
  }

  const patterns = tasks.sizes.map((size) =>
    Uint8Array.from({ length: size }, (_, at) => at % 251),
  );

  async function areEchoed(
    binaryType: 'arraybuffer' | 'blob',
    form: (bytes: Uint8Array<ArrayBuffer>) => ArrayBuffer | Blob | Uint8Array,
  ): Promise<boolean[]> {
    return connected(async (socket) => {
      socket.binaryType = binaryType;
      const results: boolean[] = [];
      for (const bytes of patterns) results.push(await isEchoed(socket, bytes, form(bytes)));
      return results;
    });
  }

  async function areTextsEchoed(url: string): Promise<unknown[]> {
    return connected(async (socket) => {
      const echoes: unknown[] = [];
      for (const text of tasks.texts) {
        const echo = received(socket);
        socket.send(text);
        echoes.push(await echo);
      }
      return echoes;
    }, url);
  }

  const steps: Record<string, () => Promise<unknown>> = {
    extensions: () => connected(async (socket) => socket.extensions),
    'no extensions': () => connected(async (socket) => socket.extensions, tasks.plainUrl),

    text: () => areTextsEchoed(tasks.url),
    'text, not compressed': () => areTextsEchoed(tasks.plainUrl),
    'long text': () =>
      connected(async (socket) => {
        const long = '好a'.repeat(1_000_000);
        const echo = received(socket);
        socket.send(long);
        return (await echo) === long;
      }),

    ArrayBuffer: () => areEchoed('arraybuffer', (bytes) => bytes.buffer),
    Blob: () => areEchoed('blob', (bytes) => new Blob([bytes])),
    view: () =>
      areEchoed('arraybuffer', (bytes) => {
        const larger = new Uint8Array(bytes.length + 2);
        larger.set(bytes, 1);
        return larger.subarray(1, 1 + bytes.length);
      }),
    noise: () =>
      connected(async (socket) => {
        const noise = crypto.getRandomValues(new Uint8Array(65_536));
        return isEchoed(socket, noise, noise);
      }),

    order: () =>
      connected((socket) => {
        const sizes: number[] = [];
        for (let size = 0; size < 3000; size++) socket.send('x'.repeat(size));
        return new Promise((resolve) => {
          socket.addEventListener('message', ({ data }) => {
            if (sizes.push(data.length) === 3000) resolve(sizes);
          });
        });
      }),

    ping: () => connected(received, `${tasks.url}/ping`),
    'fragments of text': () => connected(received, `${tasks.url}/text`),
    'fragments of bytes': () =>
      connected(async (socket) => {
        const bytes = (await received(socket)) as ArrayBuffer;
        return new TextDecoder().decode(bytes);
      }, `${tasks.url}/bytes`),

    subprotocol: async () => {
      const socket = await connect(tasks.url, ['a', 'b']);
      socket.close();
      return socket.protocol;
    },
    'no subprotocol': () => connect(tasks.url, ['a', 'c']),
    'a status that is not 101': () => connect(`${tasks.url}/forbidden`),

    closes: async () => {
      const ends: Closed[] = [];
      for (const [code, reason] of tasks.closes) {
        const socket = await connect(`${tasks.url}/watched`);
        const end = closed(socket);
        socket.close(code, reason);
        ends.push(await end);
      }
      return ends;
    },
    'refused closes': () =>
      connected(async (socket) => {
        const names = tasks.refusedCloses.map(([code, reason]) => {
          try {
            socket.close(code, reason);
          } catch (error) {
            return (error as DOMException).name;
          }
          return 'closed';
        });
        const echo = received(socket);
        socket.send('still here');
        return [...names, await echo];
      }),
    'closes of the server': async () => {
      const ends: Closed[] = [];
      for (const [code, reason] of tasks.serverCloses) {
        const query = new URLSearchParams({ code: `${code}`, reason });
        const end = closed(await connect(`${tasks.url}/close?${query}`));
        ends.push(await end);
      }
      return ends;
    },

    reconnect: async () => {
      const socket = await connect(tasks.mortalUrl);
      const end = closed(socket);
      socket.send('die');
      const { code, wasClean } = await end;
      for (;;) {
        try {
          return [
            code,
            wasClean,
            await connected(async (socket) => {
              const echo = received(socket);
              socket.send('back again');
              return echo;
            }, tasks.mortalUrl),
          ];
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    },
  };

  const report: Record<string, unknown> = {};
  for (const [name, step] of Object.entries(steps)) {
    report[name] = await step().catch((error) => String(error));
  }
  await fetch('/report', { method: 'POST', body: JSON.stringify(report) });
}
