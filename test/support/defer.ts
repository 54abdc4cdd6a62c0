import type { TestContext } from 'node:test';

type Action = () => unknown;

const actions = new WeakMap<TestContext, Action[]>();

/** Has `action` carried out after the test; what was deferred last comes first. */
export function defer(t: TestContext, action: Action): void {
  const known = actions.get(t);
  if (known) {
    known.push(action);
    return;
  }
  const own = [action];
  actions.set(t, own);
  t.after(async () => {
    for (const each of own.reverse()) await each();
  });
}
