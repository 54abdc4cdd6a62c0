'use strict';
// What tools/test.js is told by a test file: a line of JSON for each test, on descriptor 3, written
// at once, so that none is lost where the process dies. Shapes: {started: name}, {note: text}, and
// {name, outcome, error} with the outcomes of `outcomeOf`.

const fs = require('node:fs');
const { inspect } = require('node:util');

/** What failed a test that itself did nothing wrong. */
const cancellations = new Set(['cancelledByParent', 'testTimeoutFailure', 'testAborted']);

function outcomeOf(type, { skip, todo, details }) {
  if (skip !== undefined && skip !== false) return 'skipped';
  if (todo !== undefined && todo !== false) return 'todo';
  if (type === 'test:pass') return 'pass';
  return cancellations.has(details.error?.failureType) ? 'cancelled' : 'fail';
}

function tell(message) {
  fs.writeSync(3, `${JSON.stringify(message)}\n`);
}

module.exports = async function* report(events) {
  /** Names of the tests around the one that runs, and its own. */
  const path = [];
  for await (const { type, data } of events) {
    if (type === 'test:start') {
      path.length = data.nesting;
      path.push(data.name);
      tell({ started: path.join(' > ') });
    } else if (type === 'test:pass' || type === 'test:fail') {
      path.length = data.nesting;
      const name = [...path, data.name].join(' > ');
      if (data.details.type === 'suite' && type === 'test:pass') continue;
      const { error } = data.details;
      // Why a suite or a test with others in it has failed is told with those.
      const isParent = error?.failureType === 'subtestsFailed';
      if (data.details.type === 'suite' && isParent) continue;
      const outcome = outcomeOf(type, data);
      const shown = outcome === 'pass' || outcome === 'skipped' ? undefined : error;
      tell({ name, outcome, error: shown && inspect(shown.cause ?? shown, { depth: 8 }) });
    } else if (type === 'test:diagnostic' && /^(Warning|Error): /.test(data.message)) {
      tell({ note: data.message });
    }
  }
  yield '';
};
