import assert from "node:assert/strict";
import { messages, PATHS } from "./schema.ts";
import { serviceDefinition } from "./service.ts";

Deno.test("numbers of fields are as they were: workers of other versions read them", () => {
  const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  assert.equal(
    hex(messages.workerMessage.encode({ resume: { registration: "r", lastTaken: 300 } })),
    "0a06" + "0a0172" + "10ac02",
  );
  assert.equal(
    hex(messages.workerMessage.encode({ event: { number: 1, output: { stream: 1, text: "a" } } })),
    "1209" + "0801" + "1205" + "0801" + "120161",
  );
  assert.equal(
    hex(messages.workerMessage.encode({ outcome: { number: 1, failure: { code: "limit", message: "m" } } })),
    "1a0e" + "0801" + "1a0a" + "0a056c696d6974" + "12016d",
  );
  assert.equal(
    hex(messages.coordinatorMessage.encode({ cancel: { number: 2, reason: "r" } })),
    "1205" + "0802" + "120172",
  );
  assert.equal(hex(messages.coordinatorMessage.encode({ ack: { number: 2 } })), "1a020802");
  assert.equal(
    hex(messages.registerResponse.encode({ registration: "r", heartbeatTimeoutMs: 5 })),
    "0a0172" + "1005",
  );
  assert.equal(
    hex(messages.deregisterRequest.encode({ registration: "r", lastTaken: 1, reason: "x" })),
    "0a0172" + "1001" + "1a0178",
  );
});

Deno.test("the service has the names of the file", async () => {
  const text = await Deno.readTextFile(new URL("./coordinator.proto", import.meta.url));
  const [, service = ""] = /package ([\w.]+);/.exec(text) ?? [];
  const calls = [...text.matchAll(/^ {2}rpc (\w+)\(/gm)].map(([, name]) => name);
  assert.deepEqual(calls, Object.keys(serviceDefinition));
  assert.deepEqual(Object.values(PATHS), calls.map((name) => `/${service}.Coordinator/${name}`));
});

Deno.test("each side reads what the other writes", () => {
  const { Register, Heartbeat, Deregister, TaskStream } = serviceDefinition;
  const request = Register.requestDeserialize(Register.requestSerialize({ workerId: "w1" }));
  assert.equal(request.workerId, "w1");
  const answer = { registration: "r", heartbeatTimeoutMs: 1_000 };
  const read = Register.responseDeserialize(Register.responseSerialize(answer));
  assert.deepEqual([read.registration, Number(read.heartbeatTimeoutMs)], ["r", 1_000]);
  for (const { responseSerialize, responseDeserialize } of [Heartbeat, Deregister]) {
    assert.deepEqual({ ...responseDeserialize(responseSerialize({})) }, {});
  }
  const bytes = new Uint8Array([1, 2]);
  const passed = TaskStream.requestSerialize(bytes);
  assert.deepEqual([...passed], [1, 2]);
  assert.equal(passed.buffer, bytes.buffer, "without copying");
});
