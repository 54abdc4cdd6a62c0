// A core that takes no notice of one setting, to see which tests do: loaded before anything else by
// tools/mutate_settings.js. The setting that IGNORED_SETTING names is checked and read as ever, and
// what the core goes by remains its default.

type Value = boolean | number | string;

const ignored = (process.env['IGNORED_SETTING'] ?? '').toLowerCase();

/** Of a native server what has to do with settings. */
interface Core {
  get(name: string): Value;
  set(name: string, value: Value): void;
  readText(name: string): string;
  getProperty(id: number, property: number): Value;
  setProperty(id: number, property: number, value: Value): void;
}

interface Addon {
  Server?: new (...given: never[]) => Core;
  readonly settingTable: readonly { readonly name: string; readonly property: boolean }[];
  readonly propertyNames: readonly string[];
}

/** A class like the addon's, whose servers take no notice of the setting. */
function ignoring({ Server, settingTable, propertyNames }: Required<Addon>): typeof Server {
  const isProperty = settingTable.some((row) => row.property && row.name.toLowerCase() === ignored);
  const index = propertyNames.findIndex((name) => name.toLowerCase() === ignored);
  const isIgnored = (name: unknown): boolean =>
    typeof name === 'string' && name.replace(/\[.*/, '').trim().toLowerCase() === ignored;

  return class extends Server {
    /** As they are read: by names in lower case, or by the ids of connections. */
    readonly #shown = new Map<string, { readonly value: Value; readonly text: string }>();
    readonly #kept = new Map<number, Value>();

    override set(name: string, value: Value): void {
      if (!isIgnored(name)) {
        super.set(name, value);
        return;
      }
      const before = super.get(name);
      super.set(name, value);
      this.#shown.set(name.toLowerCase(), { value: super.get(name), text: super.readText(name) });
      super.set(name, before);
    }

    // What JavaScript goes by is get(), but for the properties of a server, which users read so.
    override get(name: string): Value {
      return (isProperty ? this.#shownAs(name)?.value : undefined) ?? super.get(name);
    }

    override readText(name: string): string {
      return this.#shownAs(name)?.text ?? super.readText(name);
    }

    override setProperty(id: number, property: number, value: Value): void {
      if (property !== index) {
        super.setProperty(id, property, value);
        return;
      }
      const before = super.getProperty(id, property);
      super.setProperty(id, property, value);
      this.#kept.set(id, super.getProperty(id, property));
      super.setProperty(id, property, before);
    }

    override getProperty(id: number, property: number): Value {
      const value = super.getProperty(id, property);
      return (property === index ? this.#kept.get(id) : undefined) ?? value;
    }

    #shownAs(name: string) {
      return isIgnored(name) ? this.#shown.get(name.toLowerCase()) : undefined;
    }
  };
}

const { dlopen } = process;
const seen = new WeakSet<object>();
process.dlopen = (module: { exports: Addon }, ...rest: [string]): void => {
  dlopen(module, ...rest);
  if (seen.has(module.exports)) return;
  seen.add(module.exports);
  const { exports } = module;
  if (exports.Server !== undefined) exports.Server = ignoring(exports as Required<Addon>);
};
