/** An outlet that keeps what it is given, and is as slow as a test wants. For tests alone. */
import type { Outlet } from "../watch/outlet.ts";

export class RecordingOutlet implements Outlet {
  readonly pieces: string[] = [];
  /** While true, nothing more should be written. */
  isSlow = false;
  state: "open" | "ended" | "destroyed" = "open";
  readonly #drain: (() => void)[] = [];
  readonly #close: (() => void)[] = [];

  /** Every line, parsed. */
  // deno-lint-ignore no-explicit-any -- tests look into frames of any kind
  get frames(): any[] {
    return this.pieces.join("").split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  }

  /** Every frame as `TYPE name`. */
  get told(): string[] {
    return this.frames.map(({ type, object }) =>
      `${type} ${object.metadata?.name ?? object.reason ?? ""}`.trim()
    );
  }

  write(piece: Uint8Array): boolean {
    if (this.state !== "open") throw new Error("written to an outlet that is not open");
    this.pieces.push(new TextDecoder().decode(piece));
    return !this.isSlow;
  }

  end(): void {
    this.state = "ended";
  }

  destroy(): void {
    this.state = "destroyed";
    this.close();
  }

  onDrain(listener: () => void): void {
    this.#drain.push(listener);
  }

  onClose(listener: () => void): void {
    this.#close.push(listener);
  }

  /** The client has taken everything. */
  drain(): void {
    this.isSlow = false;
    for (const listener of this.#drain) listener();
  }

  /** The connection is over. */
  close(): void {
    for (const listener of this.#close.splice(0)) listener();
  }
}
