/** Records as short texts: what is kept of thousands of them and seldom read. */

/** Values of JSON as texts without the names of fields, which are kept once for each combination. */
export class Packer {
  /** Names of fields, by the number that stands for them. */
  readonly #shapes: (readonly string[])[] = [];
  readonly #numbers = new Map<string, number>();

  /** Equal values with their fields in the same order give equal texts. Fields that are undefined are left out. */
  pack(value: unknown): string {
    return JSON.stringify(this.#packed(value));
  }

  /** A value of its own each time. */
  unpack(text: string): unknown {
    return this.#unpacked(JSON.parse(text));
  }

  /** Objects and lists both become lists that begin with a number. */
  #packed(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return [LIST, ...value.map((item) => this.#packed(item))];
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    return [this.#shapeOf(fields.map(([name]) => name)), ...fields.map(([, field]) => this.#packed(field))];
  }

  #unpacked(value: unknown): unknown {
    if (!Array.isArray(value)) return value;
    const [shape, ...values] = value as [number, ...unknown[]];
    if (shape === LIST) return values.map((item) => this.#unpacked(item));
    const names = this.#shapes[shape] ?? [];
    return Object.fromEntries(names.map((name, index) => [name, this.#unpacked(values[index])]));
  }

  #shapeOf(names: readonly string[]): number {
    const key = JSON.stringify(names);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#shapes.push(names) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }
}

const LIST = -1;
