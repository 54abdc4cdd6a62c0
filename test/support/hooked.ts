// Enables async hooks, for a process that loads this first.

import { createHook } from 'node:async_hooks';

createHook({ init: () => {} }).enable();
