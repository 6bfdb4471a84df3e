/** A coordinator and a worker in one process (`coordinator --embedded-worker`): the same protocol, in memory. */
import type { WorkerBinding } from "../link.ts";
import type { WorkerHub } from "./hub.ts";
import { LocalDoor } from "./local_door.ts";
import { type WorkerClient, WorkerLoop, type WorkerLoopOptions } from "./worker_loop.ts";

export interface LocalPairOptions extends WorkerLoopOptions {
  /** Of the coordinator; the same that its server for other workers has. */
  readonly hub: WorkerHub;
  /** Who the worker is; no other worker of the hub may be called so. */
  readonly id: string;
  /** See `WorkerConnection.binding`. */
  readonly binding?: WorkerBinding | undefined;
}

/** The worker's link. The hub's listener is told of the worker once `run` was called. */
export function createLocalPair({ hub, id, binding, ...options }: LocalPairOptions): WorkerClient {
  return new WorkerLoop(new LocalDoor(hub, id, binding), options);
}
