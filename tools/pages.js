'use strict';
// Writes the pages that are made from tables: docs/reference.md, docs/differences.md and the tables
// of docs/migration.md. With --check it only says which of them is not what would be written.

const { run } = require('./run.js');

const pages = [
  require.resolve('./docs.js'),
  require.resolve('./differences.js'),
  require.resolve('./migration.js'),
];
for (const page of pages) run(process.execPath, [page, ...process.argv.slice(2)]);
