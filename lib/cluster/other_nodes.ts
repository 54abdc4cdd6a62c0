// SPDX-License-Identifier: MIT

/** Whoever says nothing for so long is not there, in ms: more than two greetings have been missed. */
const SILENT_MS = 5000;
/** So many nodes are known at most: whoever may write to the bus could invent more. */
export const MOST_NODES = 1000;

/** The other nodes of a cluster: those that are heard. */
export class OtherNodes {
  /** When each was heard last, in ms. */
  readonly #heardMs = new Map<string, number>();

  /** It has said something. Returns whether it was not known. */
  hear(nodeId: string): boolean {
    const isNew = !this.#heardMs.has(nodeId);
    if (!isNew || this.#heardMs.size < MOST_NODES) this.#heardMs.set(nodeId, performance.now());
    return isNew;
  }

  /** It goes, or has not answered. */
  forget(nodeId: string): void {
    this.#heardMs.delete(nodeId);
  }

  /** Those who have been heard of late. */
  ids(): string[] {
    const sinceMs = performance.now() - SILENT_MS;
    for (const [nodeId, heardMs] of this.#heardMs) {
      if (heardMs < sinceMs) this.#heardMs.delete(nodeId);
    }
    return [...this.#heardMs.keys()];
  }
}
