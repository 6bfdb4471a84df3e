import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createServer, type Server as HttpServer } from "node:http";
import { createServer as createTcpServer, type Server as TcpServer } from "node:net";
import type { AddressInfo } from "node:net";
import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { IDLE_LOAD } from "../testing/mock_executor.ts";
import { mockHello } from "../testing/mock_worker.ts";
import { createGrpcDoor } from "./client.ts";
import { grpcRig, testToken } from "./grpc_testing.ts";
import type { GrpcDoor } from "./grpc_door.ts";
import { messages } from "./schema.ts";
import { serviceDefinition } from "./service.ts";
import { never } from "./testing.ts";
import type { WireError } from "./wire_error.ts";

const hello = mockHello();
const doorTo = (port: number): GrpcDoor =>
  createGrpcDoor({ url: `http://127.0.0.1:${port}`, token: () => "a-token" });

/** A coordinator of another make. */
async function otherCoordinator(stream: (call: ServerDuplexStream<Uint8Array, Uint8Array>) => void) {
  const server = new Server();
  const service = { TaskStream: serviceDefinition.TaskStream };
  server.addService(service, { TaskStream: stream });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(
      "127.0.0.1:0",
      ServerCredentials.createInsecure(),
      (error, bound) => error === null ? resolve(bound) : reject(error),
    )
  );
  return { port, [Symbol.dispose]: () => server.forceShutdown() };
}

async function listening(server: HttpServer | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return (server.address() as AddressInfo).port;
}

/** How a stream ends; `told` gets what comes before. */
async function streamEnd(door: GrpcDoor, told: string[] = [], use: (close: () => void) => void = () => {}) {
  const open = await door.dial(never);
  return await new Promise<WireError | undefined>((resolve) => {
    const channel = open({ registration: "r", lastTaken: 0 }, {
      opened: () => void told.push("opened"),
      message: ({ kind, number }) => void told.push(`${kind} ${number}`),
      drained() {},
      closed: resolve,
    });
    use(() => channel.close());
  });
}

Deno.test("a coordinator that is not there, or is another kind of server, is told apart from one that refuses", async () => {
  // A port that nobody has, and no neighbour is given.
  const away = doorTo(1);
  await assert.rejects(away.register(hello, IDLE_LOAD, never), {
    code: "unavailable",
    message:
      /coordinator http:\/\/127\.0\.0\.1:\d+ cannot be reached.*is it running, and is this its gRPC port\?/,
  });
  assert.equal((await streamEnd(away))?.code, "unavailable");
  away.close();
  const web = createServer((_request, response) => response.end("hello"));
  const page = doorTo(await listening(web));
  await assert.rejects(page.register(hello, IDLE_LOAD, never), { name: "WireError" });
  page.close();
  web.closeAllConnections();
  await new Promise<void>((resolve) => web.close(() => resolve()));
});

Deno.test("a gRPC server of something else does not speak the protocol", async () => {
  using other = await otherCoordinator(() => {});
  const door = doorTo(other.port);
  await assert.rejects(door.register(hello, IDLE_LOAD, never), {
    code: "unsupported",
    message: /does not speak the protocol of coordinators/,
  });
  door.close();
});

Deno.test("what the coordinator says arrives; what cannot be read ends the stream", async () => {
  using other = await otherCoordinator((call) => {
    call.write(messages.coordinatorMessage.encode({ ack: { number: 3 } }));
    call.write(messages.coordinatorMessage.encode({}));
    call.write(Buffer.from([255, 255]));
    call.on("error", () => {});
    call.resume();
  });
  const door = doorTo(other.port);
  const told: string[] = [];
  const error = await streamEnd(door, told);
  assert.equal(error?.code, "invalid");
  assert.match(error?.message ?? "", /cannot be read: is it of another version\?/);
  assert.deepEqual(told, ["opened", "ack 3"]);
  door.close();
});

Deno.test("a coordinator that ends the stream in good order is told without an error", async () => {
  using other = await otherCoordinator((call) => {
    call.resume();
    call.end();
  });
  const door = doorTo(other.port);
  assert.equal(await streamEnd(door), undefined);
  door.close();
});

Deno.test("a stream that this side ends is ended at the other side, too, even one that says nothing", async () => {
  const ended: string[] = [];
  const arrived = Promise.withResolvers<void>();
  const canceled = Promise.withResolvers<void>();
  using other = await otherCoordinator((call) => {
    call.on("end", () => void ended.push("end"));
    call.on("cancelled", () => canceled.resolve());
    call.on("error", () => {});
    call.resume();
    arrived.resolve();
  });
  const door = doorTo(other.port);
  assert.equal(await streamEnd(door, [], (close) => void arrived.promise.then(close)), undefined);
  // It was told that this side has nothing more to say, and did not end the call: it is canceled.
  await canceled.promise;
  assert.deepEqual(ended, ["end"]);
  door.close();
});

Deno.test("a farewell is heard, though the stream before it ends while it is on its way", async () => {
  await using rig = await grpcRig();
  let ready = Promise.resolve();
  const door = rig.door({ token: async () => (await ready, await testToken()) });
  const { id } = await door.register(hello, IDLE_LOAD, never);
  const opened = Promise.withResolvers<void>();
  const open = await door.dial(never);
  const events = { opened: opened.resolve, message() {}, drained() {}, closed() {} };
  const channel = open({ registration: id, lastTaken: 0 }, events);
  await opened.promise;
  const gate = Promise.withResolvers<void>();
  ready = gate.promise;
  channel.close();
  const farewell = door.deregister(id, 0, "it was stopped", never);
  await rig.witness.until(() => rig.witness.news.at(-1) === "w1 disconnected");
  // Until this side knows that the stream has ended; where that takes longer, this test sees less.
  await new Promise((resolve) => setTimeout(resolve, 100));
  gate.resolve();
  await farewell;
  assert.equal(rig.witness.news.at(-1), "left w1: it was stopped");
  door.close();
});

Deno.test("calls end with their signal", async () => {
  const silent = createTcpServer(() => {});
  const door = doorTo(await listening(silent));
  const stop = new AbortController();
  const call = door.register(hello, IDLE_LOAD, stop.signal);
  stop.abort(new Error("enough"));
  await assert.rejects(call, { message: "enough" });
  await assert.rejects(door.register(hello, IDLE_LOAD, stop.signal), { message: "enough" });
  await assert.rejects(door.dial(stop.signal), { message: "enough" });
  door.close();
  await new Promise<void>((resolve) => silent.close(() => resolve()));
});

Deno.test("tokens and certificates are asked for again, also after they could not be had", async () => {
  await using rig = await grpcRig();
  let token: string | undefined;
  let asked = 0;
  const door = rig.door({
    token: () => {
      asked++;
      if (token === undefined) throw new Error("the file is not there");
      return token;
    },
  });
  await assert.rejects(door.register(hello, IDLE_LOAD, never), { message: "the file is not there" });
  token = " ";
  await assert.rejects(door.register(hello, IDLE_LOAD, never), {
    code: "unauthenticated",
    message: /there is no token/,
  });
  token = `${await testToken()}\n`;
  assert.ok((await door.register(hello, IDLE_LOAD, never)).id);
  assert.equal(asked, 3);
  door.close();
  let certificates = 0;
  const tls = createGrpcDoor({
    url: `https://127.0.0.1:${rig.server.port}`,
    token: () => "x",
    tls: () => {
      if (certificates++ === 0) throw new Error("no certificate yet");
      return {};
    },
  });
  await assert.rejects(tls.register(hello, IDLE_LOAD, never), { message: "no certificate yet" });
  await assert.rejects(tls.register(hello, IDLE_LOAD, never), { code: "unavailable" });
  await assert.rejects(tls.register(hello, IDLE_LOAD, never), { code: "unavailable" });
  assert.equal(certificates, 3, "for each connection");
  tls.close();
  tls.close();
});
