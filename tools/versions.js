'use strict';
// The versions of tools that are not packages of npm, whose versions are in package.json, as is the
// oldest Node.js (`engines`).

/**
 * LLVM, of which developers use clang, clang-format, clang-tidy, llvm-cov and llvm-profdata. Debian
 * has the version in each name: clang-19. .ci/run installs them; CMakePresets.json, which cannot
 * compute, repeats it.
 */
const llvm = 19;

module.exports = { llvm };
