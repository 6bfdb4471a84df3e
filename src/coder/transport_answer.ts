/** What a server answered. */
import type { AnswerHeaders } from "./retry_after.ts";

/** One answer, read to its end. */
export interface TransportAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: AnswerHeaders;
  readonly body: string;
}
