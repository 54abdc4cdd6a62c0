// SPDX-License-Identifier: MIT
// node --require native-wsserver/ws/register: whoever asks for `ws` gets our server. See docs/ws_libraries.md.

import Module, { createRequire, register } from 'node:module';
import { pathToFileURL } from 'node:url';

type Constructor = new (...args: unknown[]) => object;
type Load = (
  request: string,
  parent: { filename?: string | null } | undefined,
  isMain: boolean,
) => unknown;

const NAMES = ['WebSocket', 'WebSocketServer', 'Server', 'createWebSocketStream'] as const;

/**
 * The exports of `native-wsserver/ws`, for somebody whose own `ws` is loaded by `loadOwn`: its clients are made by
 * that one, because ours cannot connect.
 */
function faceFor(loadOwn: () => unknown): object {
  const face = require('native-wsserver/ws') as Constructor;
  const WebSocket: Constructor = new Proxy(face, {
    construct(_, args: unknown[], newTarget) {
      // A subclass has our class as its base: it is a socket of a server's.
      if (newTarget !== WebSocket || args[0] === null || args[0] === undefined) {
        return Reflect.construct(face, args, newTarget === WebSocket ? face : newTarget);
      }
      return Reflect.construct(loadOwn() as Constructor, args);
    },
    get: (target, name) =>
      name === 'WebSocket' || name === 'default' ? WebSocket : Reflect.get(target, name),
  });
  return WebSocket;
}

const known = new Map<string, object>();
const loader = Module as unknown as { _load: Load };
const load = loader._load;

/** What the module of this path, or URL, gets for `ws`. One that has no `ws` installed gets ours all the same. */
function wsFor(importer: string): object {
  const own = createRequire(importer);
  let key = importer;
  try {
    key = own.resolve('ws');
  } catch {
    // It has none, and hears so when it makes a client.
  }
  let face = known.get(key);
  if (face === undefined) {
    const parent = { filename: key, id: key, paths: [] };
    face = faceFor(() => load(key === importer ? 'ws' : key, parent, false));
    known.set(key, face);
  }
  return face;
}

loader._load = (request, parent, isMain) =>
  request === 'ws' ? wsFor(parent?.filename ?? __filename) : load(request, parent, isMain);

// Modules of ECMAScript: the importer is said in the query, and one module is made for each.
Object.defineProperty(globalThis, Symbol.for('native-wsserver.wsFor'), { value: wsFor });
const exported = NAMES.map((name) => `export const ${name} = ws.${name};`).join('');
const source = `const ws = globalThis[Symbol.for('native-wsserver.wsFor')](IMPORTER);
export default ws; ${exported}`;
const hooks = `
export function resolve(specifier, context, next) {
  if (specifier !== 'ws' || context.conditions.includes('require')) return next(specifier, context);
  const source = ${JSON.stringify(source)}.replace('IMPORTER', JSON.stringify(context.parentURL));
  return { url: 'data:text/javascript,' + encodeURIComponent(source), shortCircuit: true };
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`, pathToFileURL(__filename));
