import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import type { EventRecorder } from "../../kube/events/events.ts";
import { gatheringEvents } from "./gathered_events.ts";

const owner = (uid = "u"): KubeObject => ({ apiVersion: "v1", kind: "Thing", metadata: { name: "a", uid } });

function recorder() {
  const told: string[] = [];
  const events: EventRecorder = {
    event: ({ metadata: { uid } }, type, reason, note, action) =>
      void told.push([uid, type, reason, note, action ?? "-"].join("|")),
  };
  return { events, told };
}

Deno.test("children that were made together are told together, at the end", async () => {
  const { events, told } = recorder();
  const result = await gatheringEvents({ events, other: 1 }, (tools) => {
    tools.events.event(owner(), "Normal", "Created", "Created Service a", "Create");
    tools.events.event(owner(), "Normal", "Updated", "Updated Role b", "Update");
    tools.events.event(owner(), "Normal", "Created", "Created Deployment a", "Create");
    assert.deepEqual(told, []);
    return Promise.resolve(tools.other);
  });
  assert.equal(result, 1);
  assert.deepEqual(told, [
    "u|Normal|Created|Created Service a, Deployment a|Create",
    "u|Normal|Updated|Updated Role b|Update",
  ]);
});

Deno.test("what happens after they were made is told after them", async () => {
  const { events, told } = recorder();
  await gatheringEvents({ events }, (tools) => {
    tools.events.event(owner(), "Normal", "Created", "Created Service a", "Create");
    tools.events.event(owner(), "Warning", "Degraded", "no good");
    tools.events.event(owner(), "Normal", "Created", "Created Role a", "Create");
    return Promise.resolve();
  });
  assert.deepEqual(told, [
    "u|Normal|Created|Created Service a|Create",
    "u|Warning|Degraded|no good|-",
    "u|Normal|Created|Created Role a|Create",
  ]);
});

Deno.test("objects keep apart, and warnings and other notes are told as they are", async () => {
  const { events, told } = recorder();
  await gatheringEvents({ events }, (tools) => {
    tools.events.event(owner("1"), "Normal", "Created", "Created A", "Create");
    tools.events.event(owner("2"), "Normal", "Created", "Created B", "Create");
    tools.events.event(owner("1"), "Warning", "Created", "Created C", "Create");
    tools.events.event(owner("1"), "Normal", "Created", "The first owner was created");
    return Promise.resolve();
  });
  assert.deepEqual(told, [
    "1|Normal|Created|Created A|Create",
    "2|Normal|Created|Created B|Create",
    "1|Warning|Created|Created C|Create",
    "1|Normal|Created|The first owner was created|-",
  ]);
});

Deno.test("a pass that fails tells what it did until then", async () => {
  const { events, told } = recorder();
  const work = gatheringEvents({ events }, (tools) => {
    tools.events.event(owner(), "Normal", "Created", "Created A", "Create");
    return Promise.reject(new Error("no"));
  });
  await assert.rejects(work, /no/);
  assert.deepEqual(told, ["u|Normal|Created|Created A|Create"]);
});
