/** One stream of a worker at the coordinator: who it is, what it says first, and then the hub's. */
import { Metadata, type ServerDuplexStream } from "@grpc/grpc-js";
import type { Clock } from "../../telemetry/clock.ts";
import { encodeDown, readUp } from "./codec.ts";
import { GrpcChannel } from "./grpc_channel.ts";
import { statusOf } from "./grpc_errors.ts";
import type { WorkerHub } from "./hub.ts";
import type { Down, Up } from "./messages.ts";
import { messages } from "./schema.ts";
import { WireError } from "./wire_error.ts";
import type { WorkerIdentity } from "./worker_tokens.ts";

export interface ServeStreamOptions {
  readonly hub: WorkerHub;
  readonly who: Promise<WorkerIdentity>;
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly now: () => number;
  readonly refused: (error: unknown) => void;
}

/** Milliseconds for the first message. */
const FIRST_MESSAGE_MS = 10_000;

export function serveStream(
  call: ServerDuplexStream<Uint8Array, Uint8Array>,
  { hub, who, maxBytes, clock, now, refused }: ServeStreamOptions,
): void {
  const channel = new GrpcChannel<Down, Up>(call, encodeDown, maxBytes, (reason) => {
    if (reason === undefined) call.end();
    else call.emit("error", statusOf(reason));
  });
  let cancelTimer = () => {};
  let isAccepted = false;
  const end = (error: WireError | undefined) => {
    cancelTimer();
    channel.ended(error);
  };
  const refuse = (error: unknown) => {
    cancelTimer();
    refused(error);
    channel.close(error instanceof WireError ? error : new WireError("unavailable", statusOf(error).details));
  };
  call.on("cancelled", () => end(new WireError("unavailable", "the worker's connection broke")));
  // Told to the other side by gRPC itself, where it came from there.
  call.on("error", () => end(undefined));

  who.then((identity) => {
    cancelTimer = clock.setTimer(
      () => refuse(new WireError("invalid", "the worker did not say `resume` in time")),
      FIRST_MESSAGE_MS,
    );
    call.on("data", (bytes: Uint8Array) => {
      try {
        const message = readUp(messages.workerMessage.decode(bytes));
        if (message === undefined) return;
        if (message.kind !== "resume") {
          if (!isAccepted) throw new WireError("invalid", "the first message must be `resume`");
          return channel.message(message);
        }
        if (isAccepted) throw new WireError("invalid", "`resume` may be said once only");
        cancelTimer();
        call.sendMetadata(new Metadata());
        channel.listen(hub.open(identity.workerId, message.resume, channel));
        isAccepted = true;
        cancelTimer = clock.setTimer(
          () =>
            refuse(
              new WireError("unauthenticated", "the worker's token has expired: connect with a new one"),
            ),
          identity.expiresAt - now(),
        );
      } catch (error) {
        refuse(
          error instanceof WireError
            ? error
            : new WireError("invalid", "a message cannot be read: is the worker of another version?", {
              cause: error,
            }),
        );
      }
    });
    call.on("end", () => {
      end(undefined);
      call.end();
    });
  }, (error) => channel.close(error));
}
