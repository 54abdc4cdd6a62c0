import path from 'node:path';

/** The path of what the package has at `names`, a folder or a file in it each; its root for none. */
export function packagePath(...names: readonly string[]): string {
  return path.join(path.dirname(require.resolve('native-wsserver/package.json')), ...names);
}

/** The program that `wsserver` is, as a script for Node.js. */
export const COMMAND = packagePath('dist/cli/main.js');
