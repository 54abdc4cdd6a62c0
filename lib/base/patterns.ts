// SPDX-License-Identifier: MIT
// What two patterns of topics have to do with each other.

/** Whether every topic that fits `inner` fits `outer` as well. */
export function covers(outer: string, inner: string): boolean {
  const wide = outer.split('.');
  const narrow = inner.split('.');
  for (const [index, token] of wide.entries()) {
    const other = narrow[index];
    if (other === undefined) return false;
    if (token === '>') return true;
    if (other === '>' || (token !== '*' && token !== other)) return false;
  }
  return wide.length === narrow.length;
}

/** Whether a topic can fit both. */
export function overlap(one: string, other: string): boolean {
  const left = one.split('.');
  const right = other.split('.');
  for (const [index, token] of left.entries()) {
    const against = right[index];
    if (against === undefined) return false;
    if (token === '>' || against === '>') return true;
    if (token !== '*' && against !== '*' && token !== against) return false;
  }
  return left.length === right.length;
}
