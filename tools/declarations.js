'use strict';
// The public declarations with their comments, read from dist/ with TypeScript's own parser.

const path = require('node:path');

const root = path.join(__dirname, '..');
const entry = path.join(root, 'dist/index.d.ts');
const knownTags = ['defaultValue', 'returns', 'throws'];

/** The comment before a declaration: `doc` is its text, the others are its tags. */
function commentOf(node) {
  const before = node.getFullText().slice(0, -node.getText().length);
  const [, comment = ''] = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*$/.exec(before) ?? [];
  const [doc, ...tags] = comment
    .replace(/^[ \t]*\*[ \t]?/gm, '')
    .trim()
    .split(/(?:^|\s)@(?=\w+\s)/);
  const found = { doc: doc.trim() };
  for (const tag of tags) {
    const [, key, value] = /^(\w+)\s+([\s\S]*)$/.exec(tag);
    if (!knownTags.includes(key) || key in found) throw new Error(`@${key}: ${node.getText()}`);
    found[key] = value.trim();
  }
  return found;
}

/** A member's name, such as send or [Symbol.asyncIterator]. */
function nameOf(text) {
  const found = /^(?:(?:get|set|static|readonly) )*(\[[\w.]+\]|#?\w+)/.exec(text);
  if (!found) throw new Error(`what is the name of ${text}?`);
  return found[1];
}

/** The public members of a class, whose declarations may be two: get and set. */
function membersOf(classes) {
  const members = new Map();
  for (const node of classes.flatMap(({ members }) => [...members])) {
    const text = node.getText().replace(/;$/, '');
    if (/^(protected|constructor\b|#)/.test(text)) continue;
    const member = members.get(nameOf(text));
    if (member) member.texts.push(text);
    else members.set(nameOf(text), { name: nameOf(text), texts: [text], ...commentOf(node) });
  }
  return [...members.values()];
}

/** Every exported name: its declaration's text, its comment, and its members if it is a class. */
async function readDeclarations() {
  const { API, SymbolFlags } = await import('typescript/unstable/sync');
  const api = new API({ cwd: root });
  const project = api.updateSnapshot({ openFiles: [entry] }).getDefaultProjectForFile(entry);
  const { checker, program } = project;

  const nodeOf = (symbol) => symbol.declarations[0].resolve(project);
  /** A class and those that it extends; what EventEmitter has, Node documents. */
  function classesOf(symbol) {
    const node = nodeOf(symbol);
    if (!/^export declare (abstract )?class /.test(node.getText())) return [];
    const [base] = checker.getBaseTypes(checker.getDeclaredTypeOfSymbol(symbol));
    const isOurs = base?.getSymbol().declarations[0].path.startsWith(path.join(root, 'dist'));
    return isOurs && base.getSymbol().name !== 'TypedEmitter'
      ? [node, ...classesOf(base.getSymbol())]
      : [node];
  }
  const types = checker
    .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)))
    .map((symbol) => (symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
    .map((symbol) => {
      const declared = nodeOf(symbol);
      const node = /^export /.test(declared.getText()) ? declared : declared.parent.parent;
      return {
        name: symbol.name,
        text: node.getText().replace(/^export declare |^export /, ''),
        members: membersOf(classesOf(symbol)),
        ...commentOf(node),
      };
    });
  api.close();
  return new Map(types.map((type) => [type.name, type]));
}

module.exports = { readDeclarations };
