/** A worker's way to its coordinator over the network. */
import { type Client, type ClientDuplexStream, Metadata, status } from "@grpc/grpc-js";
import { systemClock } from "../../telemetry/clock.ts";
import type { WorkerHello, WorkerLoad } from "../types.ts";
import type { Channel, ChannelEvents } from "./channel.ts";
import { encodeResume, encodeUp, readDown, writeHello, writeLoad } from "./codec.ts";
import type { CoordinatorAddress } from "./coordinator_address.ts";
import type { CoordinatorDoor, OpenStream } from "./door.ts";
import { GrpcChannel } from "./grpc_channel.ts";
import { grpcClient, unaryCall, type UnaryMethod } from "./grpc_client.ts";
import { wireErrorOf } from "./grpc_errors.ts";
import type { Down, Registration, Resume, Up } from "./messages.ts";
import { messages } from "./schema.ts";
import { serviceDefinition } from "./service.ts";
import type { ClientTls } from "./tls.ts";
import { WireError } from "./wire_error.ts";

export interface GrpcDoorOptions {
  readonly address: CoordinatorAddress;
  /** Who it means to be; empty: whoever its token says. */
  readonly workerId: string;
  /** Asked for each call, so that it can be another. */
  readonly token: () => string | Promise<string>;
  /** Asked for each connection. */
  readonly tls: () => ClientTls | Promise<ClientTls>;
  readonly maxMessageBytes: number;
  readonly keepaliveMs: number;
}

/** Milliseconds for the other side to end a stream that this one has ended. */
const HANG_UP_MS = 1_000;

export class GrpcDoor implements CoordinatorDoor {
  readonly address: string;
  readonly #options: GrpcDoorOptions;
  #client: Promise<Client> | undefined;

  constructor(options: GrpcDoorOptions) {
    this.#options = options;
    this.address = options.address.text;
  }

  async register(hello: WorkerHello, load: WorkerLoad, signal: AbortSignal): Promise<Registration> {
    const request = { workerId: this.#options.workerId, hello: writeHello(hello), load: writeLoad(load) };
    const answer = await this.#call(serviceDefinition.Register, request, signal);
    return { id: answer.registration, heartbeatTimeoutMs: Number(answer.heartbeatTimeoutMs) || 300_000 };
  }

  async heartbeat(
    registration: string,
    load: WorkerLoad,
    draining: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#call(serviceDefinition.Heartbeat, { registration, load: writeLoad(load), draining }, signal);
  }

  async deregister(
    registration: string,
    lastTaken: number,
    reason: string,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#call(serviceDefinition.Deregister, { registration, lastTaken, reason }, signal);
  }

  async dial(signal: AbortSignal): Promise<OpenStream> {
    const [client, metadata] = await Promise.all([this.#connect(), this.#metadata()]);
    signal.throwIfAborted();
    return (resume, events) => this.#open(client, metadata, resume, events);
  }

  close(): void {
    this.#forget();
  }

  #open(client: Client, metadata: Metadata, resume: Resume, events: ChannelEvents<Down>): Channel<Up> {
    const { path, requestSerialize, responseDeserialize } = serviceDefinition.TaskStream;
    const call: ClientDuplexStream<Uint8Array, Uint8Array> = client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      metadata,
    );
    let cancelTimer = () => {};
    let isDone = false;
    const channel = new GrpcChannel<Up, Down>(call, encodeUp, this.#options.maxMessageBytes, (reason) => {
      isDone = reason === undefined;
      call.end();
      cancelTimer = systemClock.setTimer(() => call.cancel(), HANG_UP_MS);
    });
    channel.listen(events);
    call.on("metadata", () => channel.opened());
    call.on("data", (bytes: Uint8Array) => {
      try {
        const message = readDown(messages.coordinatorMessage.decode(bytes));
        if (message !== undefined) channel.message(message);
      } catch (error) {
        channel.close(
          error instanceof WireError ? error : new WireError(
            "invalid",
            `a message of coordinator ${this.address} cannot be read: is it of another version?`,
            { cause: error },
          ),
        );
      }
    });
    // Told by the status, too, which always comes.
    call.on("error", () => {});
    call.on("status", ({ code, details }) => {
      cancelTimer();
      const error = code === status.OK ? undefined : wireErrorOf(code, details, this.address);
      // Where this side was done with it, a farewell is on its way on the same connection.
      if (error === undefined ? !isDone : error.code === "unavailable") this.#forget(client);
      channel.ended(error);
    });
    call.write(encodeResume(resume));
    return channel;
  }

  async #call<I, O>(method: UnaryMethod<I, O>, request: I, signal: AbortSignal): Promise<O> {
    const [client, metadata] = await Promise.all([this.#connect(), this.#metadata()]);
    signal.throwIfAborted();
    try {
      return await unaryCall(client, method, request, { metadata, address: this.address, signal });
    } catch (error) {
      if (error instanceof WireError && error.code === "unavailable") this.#forget(client);
      throw error;
    }
  }

  async #metadata(): Promise<Metadata> {
    const token = (await this.#options.token()).trim();
    if (token === "") {
      throw new WireError(
        "unauthenticated",
        `there is no token for coordinator ${this.address}: give the worker its own`,
      );
    }
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${token}`);
    return metadata;
  }

  #connect(): Promise<Client> {
    if (this.#client === undefined) {
      const made = this.#client = this.#make();
      // So that the next attempt reads its certificates again.
      made.catch(() => {
        if (this.#client === made) this.#client = undefined;
      });
    }
    return this.#client;
  }

  async #make(): Promise<Client> {
    const { address, tls } = this.#options;
    return grpcClient(address, address.isTls ? await tls() : {}, this.#options);
  }

  /** The next call makes a connection of its own. */
  #forget(client?: Client): void {
    const made = this.#client;
    if (made === undefined) return;
    void made.then((current) => {
      if (client !== undefined && client !== current) return;
      if (this.#client === made) this.#client = undefined;
      current.close();
    }, () => {});
  }
}
