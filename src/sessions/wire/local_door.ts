/** The way to a coordinator in the same process: the same protocol, without a network and without tokens. */
import type { WorkerBinding } from "../link.ts";
import type { WorkerHello, WorkerLoad } from "../types.ts";
import { type Channel, type ChannelEvents, MemoryStream } from "./channel.ts";
import type { CoordinatorDoor, OpenStream } from "./door.ts";
import type { WorkerHub } from "./hub.ts";
import type { Down, Registration, Resume, Up } from "./messages.ts";
import { WireError } from "./wire_error.ts";

export class LocalDoor implements CoordinatorDoor {
  readonly address = "this process";
  #stream: MemoryStream<Up, Down> | undefined;
  /** Nothing passes, as if a network were away. */
  isCut = false;

  constructor(readonly hub: WorkerHub, readonly workerId: string, readonly binding?: WorkerBinding) {}

  register(hello: WorkerHello, load: WorkerLoad): Promise<Registration> {
    return this.#call(() => this.hub.register(this.workerId, hello, load, this.binding));
  }

  heartbeat(registration: string, load: WorkerLoad, isDraining: boolean): Promise<void> {
    return this.#call(() => this.hub.heartbeat(this.workerId, registration, load, isDraining));
  }

  deregister(registration: string, lastTaken: number, reason: string): Promise<void> {
    return this.#call(() => this.hub.deregister(this.workerId, registration, lastTaken, reason));
  }

  dial(): Promise<OpenStream> {
    return this.#call(() => (resume, events) => this.#open(resume, events));
  }

  #open(resume: Resume, events: ChannelEvents<Down>): Channel<Up> {
    let server: ChannelEvents<Up> | undefined;
    const stream = new MemoryStream<Up, Down>(events, {
      opened() {},
      message: (message) => server?.message(message),
      drained() {},
      closed: (error) => server?.closed(error),
    });
    this.#stream = stream;
    try {
      if (this.isCut) throw new WireError("unavailable", "the coordinator is not to be reached: try again");
      server = this.hub.open(this.workerId, resume, stream.b);
      stream.accept();
    } catch (error) {
      stream.b.close(error as WireError);
    }
    return stream.a;
  }

  /** Breaks the stream as a network does: what is on its way is lost. */
  breakStream(): void {
    this.#stream?.cut(new WireError("unavailable", "the stream broke: it is opened again"));
  }

  close(): void {
    this.#stream?.a.close();
  }

  /** Asynchronous, as every door is. */
  async #call<T>(run: () => T): Promise<T> {
    await Promise.resolve();
    if (this.isCut) throw new WireError("unavailable", "the coordinator is not to be reached: try again");
    return run();
  }
}
