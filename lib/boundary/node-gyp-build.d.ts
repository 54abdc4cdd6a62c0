// SPDX-License-Identifier: MIT
declare module 'node-gyp-build' {
  /** Loads the addon of the package in `folder`: from prebuilds/ or build/Release. */
  function load(folder: string): unknown;
  export = load;
}
