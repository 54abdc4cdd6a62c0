// SPDX-License-Identifier: MIT

/** A place that the tokens of subjects lead to. */
class Place<Who> {
  readonly next = new Map<string, Place<Who>>();
  /** Those whose subject ends here, with how often. */
  readonly here = new Map<Who, number>();

  get isEmpty(): boolean {
    return this.next.size === 0 && this.here.size === 0;
  }
}

/** Who is interested in which subjects, wildcards included. */
export class Interests<Who> {
  readonly #root = new Place<Who>();

  /** Whether `who` was not interested in `subject` yet. Each add() wants a remove(). */
  add(subject: string, who: Who): boolean {
    let place = this.#root;
    for (const token of subject.split('.')) {
      let next = place.next.get(token);
      if (next === undefined) {
        next = new Place();
        place.next.set(token, next);
      }
      place = next;
    }
    const times = place.here.get(who) ?? 0;
    place.here.set(who, times + 1);
    return times === 0;
  }

  /** Whether `who` is interested in `subject` no more. */
  remove(subject: string, who: Who): boolean {
    return this.#remove(this.#root, subject.split('.'), 0, who);
  }

  /** Those who are interested in a message to `subject`, each once. */
  of(subject: string): Set<Who> {
    const found = new Set<Who>();
    this.#find(this.#root, subject.split('.'), 0, found);
    return found;
  }

  #remove(place: Place<Who>, tokens: readonly string[], at: number, who: Who): boolean {
    const token = tokens[at];
    if (token === undefined) {
      const times = place.here.get(who) ?? 0;
      if (times > 1) place.here.set(who, times - 1);
      else place.here.delete(who);
      return times === 1;
    }
    const next = place.next.get(token);
    if (next === undefined) return false;
    const removed = this.#remove(next, tokens, at + 1, who);
    if (next.isEmpty) place.next.delete(token);
    return removed;
  }

  #find(place: Place<Who>, tokens: readonly string[], at: number, found: Set<Who>): void {
    const token = tokens[at];
    if (token === undefined) {
      for (const who of place.here.keys()) found.add(who);
      return;
    }
    for (const who of place.next.get('>')?.here.keys() ?? []) found.add(who);
    for (const name of ['*', token]) {
      const next = place.next.get(name);
      if (next !== undefined) this.#find(next, tokens, at + 1, found);
    }
  }
}
