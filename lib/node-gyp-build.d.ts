// SPDX-License-Identifier: MIT
declare module 'node-gyp-build' {
  /** Loads the addon of the package in `folder`: from prebuilds/ or build/Release. */
  export default function load(folder: string): unknown;
}
