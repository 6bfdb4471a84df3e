/** What travels between the coordinator and a worker, whatever carries it. `coordinator.proto` has the same for gRPC. */
import type { Task, TaskEvent, TaskOutcome } from "../link.ts";

/** From the coordinator. Numbers are of one registration, grow, and are never given twice. */
export type Down =
  | { readonly kind: "task"; readonly number: number; readonly task: Task }
  | { readonly kind: "cancel"; readonly number: number; readonly reason: string }
  /** The outcome has arrived: the worker need not keep it. */
  | { readonly kind: "ack"; readonly number: number };

/** From the worker. An outcome is told again on every new stream until its `ack`. */
export type Up =
  | { readonly kind: "event"; readonly number: number; readonly event: TaskEvent }
  | { readonly kind: "outcome"; readonly number: number; readonly outcome: TaskOutcome };

/** What a worker says first on a stream. */
export interface Resume {
  /** As `Registration` has it. */
  readonly registration: string;
  /** The highest number that the worker has taken, 0 without one. Nothing of an earlier stream is taken after this is said. */
  readonly lastTaken: number;
}

/** What a worker is told when it registers. */
export interface Registration {
  /** Random; the same where the same process registers again and is still known. Another one: all tasks before are forgotten. */
  readonly id: string;
  /** Milliseconds without a sign of life after which the worker counts as gone. */
  readonly heartbeatTimeoutMs: number;
}
