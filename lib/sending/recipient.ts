// SPDX-License-Identifier: MIT

import type { WaitOptions } from '../base/promises.js';
import type { CloseStatus } from '../events/events.js';
import type { SendFormat } from './sender.js';

/** Whom messages are sent to: what sending needs to know of a connection. */
export interface Recipient {
  readonly connectionId: number;
  readonly connected: boolean;
  readonly dataFormat: SendFormat;
  readonly readyToSend: boolean;
  readonly closed: Promise<CloseStatus>;
  drain(options?: WaitOptions): Promise<void>;
  close(code?: number, reason?: string): Promise<CloseStatus>;
}
