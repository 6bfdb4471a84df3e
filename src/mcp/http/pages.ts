/** Pages beside `/mcp` on its port: what the endpoint asks of them, and what it does for them. */
import type { Admission, Visitor } from "../surface.ts";
import type { HttpCall } from "./http_call.ts";

/** Lets callers in, as at `/mcp`. */
export interface PageDoor {
  /** Whoever asks, within their rate; undefined: they were refused, and are answered. */
  admit(): Promise<Visitor | undefined>;
  /** Whether they would be let in now, by what they came with. Answers nothing. Rejects with the reason of the signal. */
  again(signal: AbortSignal): Promise<Admission>;
}

export interface Pages {
  /** Such as `/ui`: it and all below. */
  readonly prefix: string;
  /**
   * Answers GET or HEAD whose Host and Origin were looked at. Resolves when nothing more is written: a visitor is let go of
   * then.
   */
  handle(call: HttpCall, door: PageDoor): Promise<void>;
  /** Ends what is open, in words: the server ends. */
  close(): void;
}
