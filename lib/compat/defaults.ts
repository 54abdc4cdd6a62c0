// SPDX-License-Identifier: MIT

import { WSServer } from '../server/wsserver.js';

/** A server without a deadline for the opening handshake could be filled with clients that wait. */
const KEPT: readonly string[] = ['DefaultConnectionTimeout'];

/** Gives every setting the documented default where the main face has another, but for {@link KEPT}. */
export function setDocumentedDefaults(server: WSServer): void {
  const { config } = WSServer.prototype;
  for (const { name, documentedDefault } of WSServer.describe()) {
    const differs = documentedDefault !== '' && !KEPT.includes(name);
    if (differs) config.call(server, `${name}=${documentedDefault}`);
  }
}
