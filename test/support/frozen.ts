// Has nobody change what Node.js has for async context, for a process that loads this first.

import { AsyncLocalStorage } from 'node:async_hooks';

Object.freeze(AsyncLocalStorage.prototype);
