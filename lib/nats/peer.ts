// SPDX-License-Identifier: MIT

import { errors } from '../base/errors.js';

/**
 * A package that users install beside ours, if they need it.
 * @throws {@link WSServerError} 10045 when it is not there
 */
export function loadPeer<Module>(name: string): Module {
  try {
    return require(name);
  } catch (cause) {
    throw errors.operationNotSupported(
      `A bus over NATS needs its official client: npm install ${name}`,
      { cause },
    );
  }
}
