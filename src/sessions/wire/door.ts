/** How a worker reaches its coordinator: over the network, or in the same process. */
import type { WorkerHello, WorkerLoad } from "../types.ts";
import type { Channel, ChannelEvents } from "./channel.ts";
import type { Down, Registration, Resume, Up } from "./messages.ts";

/** Everything rejects with `WireError`, and with the reason of its signal. */
export interface CoordinatorDoor {
  /** For people. */
  readonly address: string;
  register(hello: WorkerHello, load: WorkerLoad, signal: AbortSignal): Promise<Registration>;
  heartbeat(registration: string, load: WorkerLoad, isDraining: boolean, signal: AbortSignal): Promise<void>;
  /** A farewell: no task above `lastTaken` was begun, and none will be. */
  deregister(registration: string, lastTaken: number, reason: string, signal: AbortSignal): Promise<void>;
  /** Makes all ready for one stream, such as a token; the answer begins it. */
  dial(signal: AbortSignal): Promise<OpenStream>;
  close(): void;
}

/** Begins a stream. Whatever goes wrong is told by `events.closed`. */
export type OpenStream = (resume: Resume, events: ChannelEvents<Down>) => Channel<Up>;
