/** How much may go on at once: for one caller, and for all. */
export interface RoomLimits {
  readonly eachCaller: number;
  readonly all: number;
}

export class Room {
  readonly #limits: RoomLimits;
  readonly #onChange: (size: number) => void;
  readonly #byCaller = new Map<string, number>();
  #size = 0;

  constructor(limits: RoomLimits, onChange: (size: number) => void = () => {}) {
    this.#limits = limits;
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#size;
  }

  /** Takes a place; the function gives it back. Where there is none: whose fault that is. */
  take(caller: string): (() => void) | "caller" | "all" {
    const own = this.#byCaller.get(caller) ?? 0;
    if (own >= this.#limits.eachCaller) return "caller";
    if (this.#size >= this.#limits.all) return "all";
    this.#byCaller.set(caller, own + 1);
    this.#onChange(++this.#size);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      const left = (this.#byCaller.get(caller) ?? 1) - 1;
      if (left <= 0) this.#byCaller.delete(caller);
      else this.#byCaller.set(caller, left);
      this.#onChange(--this.#size);
    };
  }
}
