/** One process of a session in a workspace. It outlives the connection that has started it, and who has. */
import { Buffer } from "node:buffer";
import type { Logger } from "../../telemetry/logger.ts";
import type { Calls } from "../sandbox/calls.ts";
import { Running } from "../sandbox/running.ts";
import type { FoundProcess, SpawnSpec } from "../sandbox/types.ts";
import type { ProcessEvent } from "./messages.ts";

/** Of what others have started, in characters: it is for people. */
const LONGEST_COMMAND = 4_096;

type Sink = Pick<SpawnSpec, "onOutput" | "onLost">;

export class RemoteProcess extends Running {
  /** Bytes of each stream that have come, or are lost. */
  readonly at = { stdout: 0, stderr: 0 };

  constructor(spec: Sink, calls: Pick<Calls, "call" | "send">, log: Logger, readonly isShared: boolean) {
    super(spec, calls, 0, log);
  }

  take(stream: "stdout" | "stderr", lost: number, bytes: Uint8Array): void {
    this.at[stream] += lost + bytes.length;
    if (lost > 0) this.spec.onLost?.(stream, lost);
    this.output(stream, bytes);
  }
}

/** One that others have started, and whoever follows those. */
export class FoundRemoteProcess extends RemoteProcess implements FoundProcess {
  readonly command: string;
  readonly ageMs: number;
  readonly inputIsClosed: boolean;

  constructor(
    event: ProcessEvent,
    found: (process: FoundProcess) => Sink,
    calls: Pick<Calls, "call" | "send">,
    log: Logger,
  ) {
    let sink: Sink = { onOutput: () => {} };
    const late: Sink = {
      onOutput: (stream, bytes) => sink.onOutput(stream, bytes),
      onLost: (stream, bytes) => sink.onLost?.(stream, bytes),
    };
    super(late, calls, log, true);
    this.number = event.process;
    // A part of a string holds on to all of it.
    this.command = Buffer.from(event.command.slice(0, LONGEST_COMMAND)).toString();
    this.ageMs = event.ageMs;
    this.inputIsClosed = event.inputIsClosed;
    sink = found(this);
  }
}
