'use strict';
// Runs tools/test.js with the addon of `npm run addon:asan`, and AddressSanitizer before all else in
// the process: node tools/sanitize.js [name...]

const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { run } = require('./run.js');

const root = path.join(__dirname, '..');
const library = execFileSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();

run(process.execPath, [require.resolve('./test.js'), ...process.argv.slice(2)], {
  env: {
    ...process.env,
    NATIVE_WSSERVER_PREBUILD: path.join(root, 'build/asan-addon'),
    LD_PRELOAD: library,
    // Node.js does not free all at its end. What was freed is kept for less than is usual: the tests
    // of memory measure it.
    ASAN_OPTIONS: 'detect_leaks=0:quarantine_size_mb=8',
  },
});
