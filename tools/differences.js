'use strict';
// Writes docs/differences.md from docs/differences.json: where we differ from the documentation, and
// why. tools/docs.js has the same rows in docs/reference.md. `--check` only compares.
//
// A row has an `id`; the documented names or settings that it is `about` (methods as `Ping()`, errors
// as `error 135`), to whose sections in the reference it is added; `what`, `documented`, `here`, and
// perhaps `why`, as they are read. `compat` says what of it does not hold in native-wsserver/compat:
// "default" where that has the documented default, "waits" where its C++ class waits as documented,
// "whole" where nothing of the row holds. `own` is set where the documentation says nothing that it
// could differ from. The rows are in groups, by their headings; those of the last are of compat alone.

const fs = require('node:fs');
const path = require('node:path');
const contract = require('../test/contract.json');
const groups = Object.entries(require('../docs/differences.json'));

const [compatHeading, compatRows] = groups.pop();
const rows = groups.flatMap(([, group]) => group);
const page = path.join(__dirname, '../docs/differences.md');

/** The rows about any of `names`, as sentences of the reference. */
function differencesOf(...names) {
  return rows
    .filter(({ about }) => about.some((name) => names.includes(name)))
    .map(({ what, documented, here, why }) => {
      const reason = why ? ` (${why})` : '';
      return `[Differs](differences.md): ${what}: documented: ${documented}; here: ${here}${reason}.`;
    });
}

function table(chosen) {
  const cells = chosen.map(({ what, documented, here, why = '' }) => [what, documented, here, why]);
  return [['what', 'documented', 'here', 'why'], Array(4).fill('---'), ...cells]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
}

function listed(names) {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

const isValue = (name) =>
  [...contract.settings, ...contract.properties].some((each) => each.name === name);
const inCompat = (kind) => rows.filter(({ compat }) => compat === kind);
const defaults = inCompat('default').flatMap(({ about }) => about.filter(isValue));

/** Words in lines of up to 120 characters. */
const wrapped = (text) => text.replace(/(?=.{121})(.{0,120}) /g, '$1\n');

const wanted = `<!-- Written by \`npm run docs\` from differences.json. -->

# Where we differ from the documentation, on purpose

${groups.map(([heading, group]) => `## ${heading}\n\n${table(group)}`).join('\n\n')}

## ${compatHeading}

${wrapped(
  `These rows have what is documented there: ${listed(defaults.sort())} as to their defaults; ` +
    `${listed(inCompat('waits').map(({ what }) => what))} of \`WSServer\` as to what they wait for, but that ` +
    "Ping() does not wait while the connection's Timeout is 0; and, as each edition has it, those about " +
    `${listed(inCompat('whole').map(({ what }) => what))}. All others hold there too, and these besides:`,
)}

${table(compatRows)}
`;

if (require.main === module) {
  if (!process.argv.includes('--check')) {
    fs.writeFileSync(page, wanted);
  } else if (fs.readFileSync(page, 'utf8') !== wanted) {
    console.error('docs/differences.md is out of date: npm run docs');
    process.exitCode = 1;
  }
}

module.exports = { differencesOf };
