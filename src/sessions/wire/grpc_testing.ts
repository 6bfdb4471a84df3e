/** A coordinator's port, workers that reach it, and a network between them that fails. For tests alone. */
import { createServer, type Server as TcpServer, type Socket } from "node:net";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { silentLogger } from "../../telemetry/logger.ts";
import { MockWorker, type MockWorkerOptions } from "../testing/mock_worker.ts";
import { createGrpcDoor, type WorkerClientOptions } from "./client.ts";
import type { GrpcDoor } from "./grpc_door.ts";
import { type HubOptions, WorkerHub } from "./hub.ts";
import { createWorkerServer, type WorkerServer, type WorkerServerOptions } from "./server.ts";
import { never, Witness } from "./testing.ts";
import { mintWorkerToken, parseWorkerKeys } from "./worker_tokens.ts";

export const testKeys = parseWorkerKeys("a key for tests, and for nothing else at all");

export function testToken(workerId = "w1", now = Date.now(), ttlMs = 3_600_000): Promise<string> {
  return mintWorkerToken(testKeys, { workerId, ttlMs, now });
}

export interface GrpcRig extends AsyncDisposable {
  readonly hub: WorkerHub;
  readonly witness: Witness;
  readonly server: WorkerServer;
  readonly url: string;
  /** A way to the coordinator, with a good token unless told otherwise. */
  door(options?: Partial<WorkerClientOptions>): GrpcDoor;
  /** Starts a worker. */
  worker(options?: MockWorkerOptions, over?: Partial<WorkerClientOptions>): MockWorker;
}

export async function grpcRig(
  options: Partial<WorkerServerOptions> = {},
  hubOptions: Partial<HubOptions> = {},
): Promise<GrpcRig> {
  const witness = new Witness();
  const hub = new WorkerHub({ listener: witness, log: silentLogger, ...hubOptions });
  const server = createWorkerServer({
    hub,
    address: { hostname: "127.0.0.1", port: 0 },
    keys: () => testKeys,
    log: silentLogger,
    ...options,
  });
  await server.listen(never);
  const url = `${options.tls === undefined ? "http" : "https"}://127.0.0.1:${server.port}`;
  const workers: MockWorker[] = [];
  const door = (differing: Partial<WorkerClientOptions> = {}) =>
    createGrpcDoor({ url, token: () => testToken(), ...differing });
  return {
    hub,
    witness,
    server,
    url,
    door,
    worker(workerOptions = {}, over = {}) {
      const worker = new MockWorker(door(over), workerOptions);
      workers.push(worker);
      return worker;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.stop().catch(() => {})));
      await server.close();
    },
  };
}

/** A network between a worker and its coordinator: it breaks, and it stands still. */
export class Network implements AsyncDisposable {
  readonly #server: TcpServer;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #isAway = false;
  readonly #frozen = new Set<readonly [Socket, Socket]>();
  /** How many connections were made. */
  connections = 0;

  private constructor(
    server: TcpServer,
    /** Where connections lead; it may be changed for those to come. */
    public port: number,
  ) {
    this.#server = server;
  }

  static async to(port: number): Promise<Network> {
    const server = createServer();
    const network = new Network(server, port);
    server.on("connection", (near) => network.#join(near, connect(network.port, "127.0.0.1")));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return network;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Breaks all connections. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  /** While it is: breaks all connections, and makes none. */
  set isAway(isAway: boolean) {
    this.#isAway = isAway;
    if (isAway) this.cut();
  }

  /** Nothing passes on connections that are there, in either direction, and nobody is told. */
  freeze(): void {
    for (const pair of this.#pairs) {
      this.#frozen.add(pair);
      for (const socket of pair) socket.pause();
    }
  }

  thaw(): void {
    this.#frozen.clear();
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #join(near: Socket, far: Socket): void {
    const pair = [near, far] as const;
    const end = () => {
      this.#pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of pair) socket.on("error", end).on("close", end);
    if (this.#isAway) return end();
    this.connections++;
    this.#pairs.add(pair);
    const pass = (from: Socket, to: Socket) => {
      from.on("data", (bytes) => {
        if (!to.write(bytes)) from.pause();
      });
      to.on("drain", () => this.#frozen.has(pair) || from.resume());
    };
    pass(near, far);
    pass(far, near);
  }
}
