/** What a stream is told that does not keep to the protocol. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Client, type ClientDuplexStream, credentials, Metadata, status } from "@grpc/grpc-js";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { IDLE_LOAD } from "../testing/mock_executor.ts";
import { mockHello } from "../testing/mock_worker.ts";
import { encodeResume, encodeUp, readDown } from "./codec.ts";
import { type GrpcRig, grpcRig, testToken } from "./grpc_testing.ts";
import { messages, PATHS } from "./schema.ts";
import { serviceDefinition } from "./service.ts";
import { aTask, never } from "./testing.ts";

type Call = ClientDuplexStream<Uint8Array, Uint8Array>;

/** A client of another make. */
async function rawClient({ server }: GrpcRig, workerId = "w1") {
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${await testToken(workerId)}`);
  const { requestSerialize, responseDeserialize } = serviceDefinition.TaskStream;
  const stream = () => {
    const call: Call = client.makeBidiStreamRequest(
      PATHS.taskStream,
      requestSerialize,
      responseDeserialize,
      metadata,
    );
    call.on("error", () => {});
    const ended = new Promise<{ code: number; details: string }>((resolve) => call.on("status", resolve));
    call.resume();
    return { call, ended };
  };
  return { client, metadata, stream, [Symbol.dispose]: () => client.close() };
}

Deno.test("the first message must be `resume`, and it comes once", async () => {
  await using rig = await grpcRig();
  using raw = await rawClient(rig);
  const { id } = rig.hub.register("w1", mockHello(), IDLE_LOAD);
  const early = raw.stream();
  early.call.write(encodeUp({ kind: "outcome", number: 1, outcome: { ok: true, output: {} } }));
  assert.deepEqual(pick(await early.ended), [status.INVALID_ARGUMENT, "the first message must be `resume`"]);
  const twice = raw.stream();
  for (let count = 0; count < 2; count++) twice.call.write(encodeResume({ registration: id, lastTaken: 0 }));
  assert.deepEqual(pick(await twice.ended), [status.INVALID_ARGUMENT, "`resume` may be said once only"]);
  const connection = await rig.witness.worker();
  await rig.witness.until(() => !connection.isConnected);
});

Deno.test("bytes that are no message end the stream, and it alone", async () => {
  await using rig = await grpcRig();
  using raw = await rawClient(rig);
  const { id } = rig.hub.register("w1", mockHello(), IDLE_LOAD);
  for (const bytes of [Buffer.from([255, 255, 255]), Buffer.from("hello there")]) {
    const { call, ended } = raw.stream();
    call.write(encodeResume({ registration: id, lastTaken: 0 }));
    call.write(bytes);
    assert.equal((await ended).code, status.INVALID_ARGUMENT);
  }
  assert.deepEqual(rig.witness.news.filter((line) => /joined|left/.test(line)), ["joined w1"]);
});

Deno.test("a registration that is not known, and one of another worker, are not found", async () => {
  await using rig = await grpcRig();
  using raw = await rawClient(rig, "w2");
  const { id } = rig.hub.register("w1", mockHello(), IDLE_LOAD);
  for (const registration of ["", "unknown", id]) {
    const { call, ended } = raw.stream();
    call.write(encodeResume({ registration, lastTaken: 0 }));
    assert.equal((await ended).code, status.NOT_FOUND);
  }
});

Deno.test("a stream on which nothing is said is ended", async () => {
  const clock = new FakeClock();
  await using rig = await grpcRig({ clock });
  using raw = await rawClient(rig);
  const { ended } = raw.stream();
  let isOver = false;
  void ended.then(() => void (isOver = true));
  // The call has to arrive first: time goes on until then.
  while (!isOver) {
    await clock.advance(10_000);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.deepEqual(pick(await ended), [status.INVALID_ARGUMENT, "the worker did not say `resume` in time"]);
});

Deno.test("a worker of another make: ends its side, and is disconnected, not gone", async () => {
  await using rig = await grpcRig();
  using raw = await rawClient(rig);
  const { id } = rig.hub.register("w1", mockHello(), IDLE_LOAD);
  const connection = await rig.witness.worker();
  const { call, ended } = raw.stream();
  call.write(encodeResume({ registration: id, lastTaken: 0 }));
  const outcome = connection.run(aTask(), { signal: never });
  const task = await new Promise<Uint8Array>((resolve) => call.once("data", resolve));
  const message = readDown(messages.coordinatorMessage.decode(task));
  assert.equal(message?.kind, "task");
  // Outcomes of tasks that it never had count for nothing.
  call.write(encodeUp({ kind: "outcome", number: 99, outcome: { ok: true, output: {} } }));
  call.write(encodeUp({ kind: "event", number: 98, event: { kind: "progress", done: 1, message: "" } }));
  call.write(messages.workerMessage.encode({}));
  call.write(encodeUp({ kind: "outcome", number: 1, outcome: { ok: true, output: { a: 1 } } }));
  assert.deepEqual(await outcome, { ok: true, output: { a: 1 } });
  call.end();
  assert.equal((await ended).code, status.OK);
  await rig.witness.until(() => !connection.isConnected);
  await settle();
  assert.ok(!rig.witness.news.some((line) => line.startsWith("left")));
});

Deno.test("the token is one worker's: whoever says to be another is refused", async () => {
  await using rig = await grpcRig();
  using raw = await rawClient(rig);
  const { path, requestSerialize, responseDeserialize } = serviceDefinition.Register;
  const code = await new Promise<number | undefined>((resolve) => {
    const request = { workerId: "w2", hello: { ...mockHello(), labels: {}, capabilities: [] } };
    raw.client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      raw.metadata,
      (error) => resolve(error?.code),
    );
  });
  assert.equal(code, status.PERMISSION_DENIED);
  assert.deepEqual(rig.witness.news, []);
});

function pick({ code, details }: { code: number; details: string }) {
  return [code, details];
}
