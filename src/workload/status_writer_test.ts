import assert from "node:assert/strict";
import type { KubeObject, ObjectKey, ResourceType } from "../api/object.ts";
import type { KubeClient, WriteOptions } from "../kube/client.ts";
import { isConflict, KubeApiError } from "../kube/errors.ts";
import { type StatusWrite, type WithStatus, writeStatus } from "./status_writer.ts";

interface Status {
  seen?: number;
  foreign?: string;
}
type Thing = WithStatus<Status>;
const things: ResourceType<Thing> = {
  group: "x.io",
  version: "v1",
  kind: "Thing",
  plural: "things",
  namespaced: true,
};

function thing(resourceVersion: string, status?: Status, uid = "u"): Thing {
  const metadata = { name: "t", namespace: "a", uid, resourceVersion };
  return { apiVersion: "x.io/v1", kind: "Thing", metadata, ...(status && { status }) };
}

function refusal(code: number, reason: string): KubeApiError {
  return new KubeApiError(code, reason, reason, { method: "PUT", path: "/" });
}

/** A server with one object, or none, that lets others write between. */
class Server {
  puts: Thing[] = [];
  observed: Thing[] = [];
  options: WriteOptions | undefined;
  constructor(public live: Thing | undefined, private readonly beforePut = (_server: Server) => {}) {}

  client = {
    get: (_type: unknown, _key: ObjectKey) =>
      this.live === undefined ? Promise.reject(refusal(404, "NotFound")) : Promise.resolve(this.live),
    update: (_type: unknown, object: Thing, options?: WriteOptions) => {
      this.puts.push(object);
      this.options = options;
      this.beforePut(this);
      if (this.live === undefined) return Promise.reject(refusal(404, "NotFound"));
      if (object.metadata.resourceVersion !== this.live.metadata.resourceVersion) {
        return Promise.reject(refusal(409, "Conflict"));
      }
      this.live = { ...object, metadata: { ...object.metadata, resourceVersion: "next" } };
      return Promise.resolve(this.live);
    },
  } as unknown as Pick<KubeClient, "get" | "update">;

  write(object: Thing, extra: Partial<StatusWrite<Status, Thing>> = {}) {
    return writeStatus<Status, Thing>({
      client: this.client,
      informer: { observe: (stored: KubeObject) => void this.observed.push(stored as Thing) },
      type: things,
      object,
      next: (before) => ({ ...before, seen: 2 }),
      ...extra,
    });
  }
}

Deno.test("a changed status is put once, with the cached resource version, and shown to the cache", async () => {
  const server = new Server(thing("1", { seen: 1 }));
  const result = await server.write(thing("1", { seen: 1 }));
  assert.deepEqual(result, { before: { seen: 1 }, after: { seen: 2 }, written: true });
  assert.equal(server.puts.length, 1);
  assert.equal(server.puts[0]?.metadata.resourceVersion, "1");
  assert.equal(server.options?.subresource, "status");
  assert.equal(server.observed[0]?.metadata.resourceVersion, "next");
});

Deno.test("an unchanged status is not written", async () => {
  const server = new Server(thing("1", { seen: 2 }));
  const result = await server.write(thing("1", { seen: 2 }));
  assert.equal(result.written, false);
  assert.deepEqual(server.puts, []);
});

Deno.test("an absent status equals an empty one", async () => {
  const server = new Server(thing("1"));
  assert.equal((await server.write(thing("1"), { next: () => ({}) })).written, false);
});

Deno.test("after a conflict the status is worked out again on what is there now", async () => {
  let first = true;
  const server = new Server(thing("1"), (self) => {
    if (first) self.live = thing("2", { foreign: "kept" });
    first = false;
  });
  const result = await server.write(thing("1"));
  assert.deepEqual(result.after, { foreign: "kept", seen: 2 });
  assert.deepEqual(server.live?.status, { foreign: "kept", seen: 2 });
  assert.equal(server.puts.length, 2);
});

Deno.test("a conflict that leaves nothing to change ends without a write", async () => {
  const server = new Server(thing("1"), (self) => self.live = thing("2", { seen: 2 }));
  assert.equal((await server.write(thing("1"))).written, false);
  assert.equal(server.puts.length, 1);
});

Deno.test("conflicts without end are thrown after the last attempt", async () => {
  let version = 2;
  const server = new Server(thing("1"), (self) => self.live = thing(String(version++), { foreign: "x" }));
  await assert.rejects(server.write(thing("1"), { attempts: 3 }), isConflict);
  assert.equal(server.puts.length, 3);
});

Deno.test("an object that is gone, or came back as another, needs no status", async () => {
  const gone = new Server(undefined);
  assert.equal((await gone.write(thing("1"))).written, false);
  const goneBetween = new Server(thing("1"), (self) => {
    self.live = thing("2");
    self.client.get = () => Promise.reject(refusal(404, "NotFound"));
  });
  assert.equal((await goneBetween.write(thing("1"))).written, false);
  const another = new Server(thing("1"), (self) => self.live = thing("2", {}, "other"));
  assert.equal((await another.write(thing("1"))).written, false);
  assert.equal(another.puts.length, 1);
});

Deno.test("any other refusal is thrown", async () => {
  const server = new Server(thing("1"));
  server.client.update = () => Promise.reject(refusal(403, "Forbidden"));
  await assert.rejects(server.write(thing("1")), /Forbidden/);
  const unreadable = new Server(thing("1"), (self) => {
    self.live = thing("2");
    self.client.get = () => Promise.reject(refusal(500, "InternalError"));
  });
  await assert.rejects(unreadable.write(thing("1")), /InternalError/);
});

Deno.test("a write whose answer was lost is looked into, though the cache shows nothing of it", async () => {
  const cached = thing("1", { seen: 1 });
  const server = new Server(cached);
  const { client } = server;
  const lost = {
    ...client,
    async update(...given: Parameters<typeof client.update>) {
      await client.update(...given);
      throw refusal(504, "Timeout");
    },
  } as typeof client;
  await assert.rejects(server.write(cached, { client: lost }), /Timeout/);
  assert.deepEqual(server.live?.status, { seen: 2 });
  // By now the status should be again what the cache believes it to be.
  const back = await server.write(cached, { next: () => ({ seen: 1 }) });
  assert.equal(back.written, true);
  assert.deepEqual(server.live?.status, { seen: 1 });
  const before = server.puts.length;
  assert.equal((await server.write(thing("1", { seen: 2 }))).written, false);
  assert.equal(server.puts.length, before, "and then the cache is believed again");
});

Deno.test("where the write was not carried out, nothing is written for it", async () => {
  const cached = thing("1", { seen: 1 });
  const server = new Server(cached);
  const refused = { ...server.client, update: () => Promise.reject(refusal(503, "Unavailable")) };
  await assert.rejects(server.write(cached, { client: refused as typeof server.client }), /Unavailable/);
  assert.equal((await server.write(cached, { next: () => ({ seen: 1 }) })).written, false);
  assert.deepEqual(server.puts, []);
});
