// Where our face of ws means to differ from ws, by the name of the program that shows it.

export interface Difference {
  readonly why: string;
  /** What the program sees with our face. */
  readonly ours: unknown;
}

export const differences: Readonly<Record<string, Difference>> = {};
