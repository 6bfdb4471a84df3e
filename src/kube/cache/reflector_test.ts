import assert from "node:assert/strict";
import { keyOf, keyText } from "../../api/object.ts";
import { entryMaker } from "./cache_entry.ts";
import { KubeConnectionError } from "../errors.ts";
import { Reflector, type ReflectorOptions } from "./reflector.ts";
import { StringPool } from "./string_pool.ts";
import { FakeApi, refusal } from "../testing/fake_api.ts";
import { ManualClock, settle } from "../testing/manual_clock.ts";
import { type Widget, widget, Widgets } from "../testing/objects.ts";

/** A reflector of widgets at work on a server in memory. */
function reflecting(api = new FakeApi(), options: Partial<ReflectorOptions<Widget>> = {}) {
  const clock = new ManualClock();
  const abort = new AbortController();
  const told: string[] = [];
  const restarts: string[] = [];
  const lists: string[] = [];
  const errors: string[] = [];
  let marks = 0;
  const reflector = new Reflector<Widget>({
    client: api.client,
    type: Widgets,
    clock,
    step: { random: () => 0.5 },
    sink: {
      make: entryMaker({
        type: Widgets,
        kind: { metadataOnly: options.metadataOnly ?? false },
        pool: new StringPool(),
        freeze: true,
        onError: (what) => errors.push(what),
      }),
      mark: () => ++marks,
      replace: (entries) => told.push(`replace ${[...entries.keys()].sort().join(" ")}`.trim()),
      put: ({ object }) => told.push(`put ${keyText(keyOf(object))} ${object.spec?.size ?? "-"}`),
      remove: ({ object }) => told.push(`remove ${keyText(keyOf(object))}`),
    },
    observer: {
      listed: (mode, result) => lists.push(`${mode} ${result}`),
      watchOpened: () => {},
      restarted: (reason) => restarts.push(reason),
      event: () => {},
    },
    ...options,
  });
  const finished = reflector.run(abort.signal);
  const heard = () => told.splice(0);
  const watching = () =>
    clock.until(() => reflector.phase === "watching" && api.watches().length > 0, "a watch");
  const stop = async () => {
    abort.abort(new Error("stop"));
    assert.equal(await finished, "stopped");
    await settle();
    assert.equal(api.watches().length, 0, "no watch is left open");
    assert.equal(clock.sleeping, 0, "no timer is left");
  };
  return {
    api,
    clock,
    reflector,
    finished,
    heard,
    watching,
    stop,
    restarts,
    lists,
    errors,
    marks: () => marks,
  };
}

function filled(...keys: string[]): FakeApi {
  const api = new FakeApi();
  api.serve(Widgets, true);
  for (const key of keys) api.put(Widgets, widget(key, 1));
  return api;
}

Deno.test("the initial state comes through the watch, and the same watch goes on", async () => {
  const { api, reflector, heard, watching, stop, lists } = reflecting(filled("a/one", "b/two"));
  assert.match(reflector.trouble, /^$/);
  await watching();
  assert.deepEqual(heard(), ["replace a/one b/two"]);
  api.put(Widgets, widget("a/three", 3));
  api.put(Widgets, widget("a/one", 2));
  api.delete(Widgets, { namespace: "b", name: "two" });
  await settle();
  assert.deepEqual(heard(), ["put a/three 3", "put a/one 2", "remove b/two"]);
  assert.deepEqual([api.count("list"), api.count("watch")], [0, 1]);
  assert.deepEqual(lists, ["watchlist ok"]);
  await stop();
});

Deno.test("what the watch asks for: bookmarks, initial events, and a time-out between 5 and 10 minutes", async () => {
  const { api, watching, stop } = reflecting(filled("a/one"));
  await watching();
  const { signal: _, ...options } = api.calls[0]!.options;
  assert.deepEqual(options, {
    metadataOnly: false,
    allowBookmarks: true,
    timeoutSeconds: 450,
    sendInitialEvents: true,
    resourceVersionMatch: "NotOlderThan",
  });
  await stop();
});

Deno.test("changes during the initial events are part of the initial state", async () => {
  const api = filled("a/one", "a/two");
  api.watchList = "ignored";
  const { heard, reflector, stop } = reflecting(api);
  await settle();
  assert.equal(reflector.phase, "initialWatch");
  api.delete(Widgets, { namespace: "a", name: "one" });
  api.put(Widgets, widget("a/three"));
  await settle();
  assert.deepEqual(heard(), [], "nothing is shown before the end");
  api.watches()[0]!.send({
    type: "BOOKMARK",
    object: {
      ...widget("x"),
      metadata: { resourceVersion: "rv", annotations: { "k8s.io/initial-events-end": "true" } },
    },
  });
  await settle();
  assert.deepEqual(heard(), ["replace a/three a/two"]);
  assert.equal(reflector.synced, true);
  await stop();
});

Deno.test("a server without WatchList is listed page by page, and not asked again", async () => {
  const api = filled(...Array.from({ length: 7 }, (_, index) => `a/w${index}`));
  api.watchList = "refused";
  const { heard, watching, stop, lists } = reflecting(api, { pageSize: 3 });
  await watching();
  assert.deepEqual(heard(), ["replace a/w0 a/w1 a/w2 a/w3 a/w4 a/w5 a/w6"]);
  assert.deepEqual(
    api.calls.map(({ verb, options }) => [verb, options.limit, options.continue !== undefined]),
    [
      ["watch", undefined, false],
      ["list", 3, false],
      ["list", 3, true],
      ["list", 3, true],
      ["watch", undefined, false],
    ],
  );
  api.hold(true);
  api.put(Widgets, widget("a/late"));
  api.watches()[0]!.cut();
  api.compact();
  api.hold(false);
  await watching();
  assert.equal(api.calls.filter(({ options }) => options.sendInitialEvents).length, 1);
  assert.deepEqual(lists, ["watchlist refused", "list ok", "list ok"]);
  await stop();
});

Deno.test("a server that takes sendInitialEvents and never marks the end is listed after ten silent seconds", async () => {
  const api = filled("a/one");
  api.watchList = "ignored";
  const { clock, heard, watching, stop, restarts } = reflecting(api);
  await clock.advance(9_999);
  assert.deepEqual(heard(), []);
  await watching();
  assert.deepEqual(heard(), ["replace a/one"]);
  assert.deepEqual(restarts, ["quiet"]);
  assert.equal(clock.now(), 10_000);
  await stop();
});

Deno.test("nor is one waited for longer than two minutes that talks without end", async () => {
  const api = filled("a/one");
  api.watchList = "ignored";
  const { clock, heard, stop, restarts } = reflecting(api);
  for (let second = 0; second < 125 && restarts.length === 0; second += 5) {
    api.put(Widgets, widget("a/one", second));
    await clock.advance(5_000);
  }
  assert.equal(clock.now(), 120_000);
  assert.deepEqual(restarts, ["quiet"]);
  await settle();
  assert.deepEqual(heard(), ["replace a/one"]);
  await stop();
});

Deno.test("an expired continue token starts the list again, in one piece", async () => {
  const api = filled("a/one", "a/two", "a/three");
  const { heard, watching, stop } = reflecting(api, { pageSize: 1, watchList: false });
  while (api.count("list") < 1) await Promise.resolve();
  api.expirePages();
  await watching();
  assert.deepEqual(heard(), ["replace a/one a/three a/two"]);
  assert.deepEqual(api.calls.filter(({ verb }) => verb === "list").map(({ options }) => options.limit), [
    1,
    1,
    undefined,
  ]);
  await stop();
});

Deno.test("a page that fails is asked for again; nothing is shown twice or lost", async () => {
  const api = filled("a/one", "a/two", "a/three");
  const { heard, watching, stop, clock } = reflecting(api, { pageSize: 2, watchList: false });
  while (api.count("list") < 1) await Promise.resolve();
  api.fail("list", refusal(503, "ServiceUnavailable"), 2);
  await watching();
  assert.deepEqual(heard(), ["replace a/one a/three a/two"]);
  assert.equal(clock.now(), 800 + 1600);
  await stop();
});

Deno.test("a watch that breaks is resumed from the last event, and misses nothing", async () => {
  const { api, heard, watching, stop, clock, reflector } = reflecting(filled("a/one"));
  await watching();
  const changed = api.put(Widgets, widget("a/one", 2));
  await settle();
  heard();
  api.watches()[0]!.cut();
  await settle();
  assert.equal(reflector.phase, "backoff");
  assert.match(
    reflector.trouble,
    /Cannot list and watch widgets\.example\.com in all namespaces: connection reset/,
  );
  api.put(Widgets, widget("a/one", 3));
  await watching();
  await settle();
  assert.deepEqual(heard(), ["put a/one 3"]);
  assert.equal(api.calls.at(-1)?.options.resourceVersion, changed.metadata.resourceVersion);
  assert.equal(clock.now(), 800);
  assert.equal(reflector.trouble, "");
  assert.equal(api.count("list"), 0);
  await stop();
});

Deno.test("a bookmark moves the point to resume from, so that old history may go", async () => {
  const { api, heard, watching, stop, restarts } = reflecting(filled("a/one"));
  await watching();
  heard();
  api.compact();
  api.bookmark();
  await settle();
  api.watches()[0]!.cut();
  await watching();
  api.put(Widgets, widget("a/one", 9));
  await settle();
  assert.deepEqual(heard(), ["put a/one 9"]);
  assert.deepEqual(restarts, ["connection"]);
  await stop();
});

Deno.test("410 as an answer leads to a new initial state; the old one is served meanwhile", async () => {
  const { api, heard, watching, stop, restarts, reflector, marks } = reflecting(filled("a/one"));
  await watching();
  heard();
  api.hold(true);
  api.put(Widgets, widget("a/two", 1));
  api.watches()[0]!.cut();
  api.compact();
  api.hold(false);
  await settle();
  assert.deepEqual(heard(), []);
  assert.equal(reflector.synced, true);
  await watching();
  assert.deepEqual(heard(), ["replace a/one a/two"]);
  assert.deepEqual(restarts, ["connection", "expired"]);
  assert.equal(marks(), 2, "each initial state has its own mark");
  await stop();
});

Deno.test("410 as an ERROR line leads there too, at once", async () => {
  const { api, heard, watching, stop, restarts, clock } = reflecting(filled("a/one"));
  await watching();
  heard();
  api.watches()[0]!.error({ kind: "Status", code: 410, reason: "Expired", message: "too old" });
  await watching();
  assert.deepEqual(heard(), ["replace a/one"]);
  assert.deepEqual(restarts, ["expired"]);
  assert.equal(clock.now(), 0);
  await stop();
});

Deno.test("any other ERROR line waits and resumes", async () => {
  const { api, heard, watching, stop, restarts } = reflecting(filled("a/one"));
  await watching();
  heard();
  api.watches()[0]!.error({ kind: "Status", code: 500, reason: "InternalError", message: "etcd" });
  await watching();
  assert.deepEqual(heard(), []);
  assert.deepEqual(restarts, ["unavailable"]);
  await stop();
});

Deno.test("a watch that the server closes after its time is opened again at once", async () => {
  const { api, heard, watching, stop, restarts, clock } = reflecting(filled("a/one"));
  await watching();
  heard();
  await clock.advance(60_000);
  api.watches()[0]!.close();
  await watching();
  assert.equal(clock.now(), 60_000);
  assert.deepEqual([heard(), restarts], [[], ["ended"]]);
  assert.equal(api.count("watch"), 2);
  await stop();
});

Deno.test("a server that closes every watch at once is not hammered", async () => {
  const { api, watching, stop, clock } = reflecting(filled("a/one"));
  await watching();
  for (let closed = 0; closed < 12; closed++) {
    api.watches()[0]!.close();
    await watching();
  }
  assert.ok(clock.now() > 150_000, `12 reconnects took ${clock.now()} ms`);
  await stop();
});

Deno.test("a frozen watch is replaced after 90 silent seconds, from where it stood", async () => {
  const { api, heard, watching, stop, restarts, clock } = reflecting(filled("a/one"));
  await watching();
  heard();
  const frozen = api.watches()[0]!;
  frozen.frozen = true;
  api.put(Widgets, widget("a/one", 5));
  await clock.advance(89_999);
  assert.equal(api.count("watch"), 1);
  await clock.advance(1);
  assert.deepEqual(heard(), ["put a/one 5"]);
  assert.deepEqual(restarts, ["stalled"]);
  frozen.frozen = false;
  await settle();
  assert.deepEqual(heard(), [], "what the old one says late is not heard");
  await stop();
});

Deno.test("bookmarks keep a quiet watch open", async () => {
  const { api, watching, stop, clock } = reflecting(filled("a/one"));
  await watching();
  for (let minute = 0; minute < 10; minute++) {
    await clock.advance(60_000);
    api.bookmark();
  }
  await settle();
  assert.equal(api.count("watch"), 1);
  await stop();
});

Deno.test("a server that does not answer a watch request is given up after 30 seconds, and tried again", async () => {
  const api = filled("a/one");
  const { client } = api;
  let hanging = true;
  const { reflector, heard, watching, stop, clock } = reflecting(api, {
    client: {
      ...client,
      watch: (type, options) => hanging ? new Promise(() => {}) : client.watch(type, options),
    },
  });
  await clock.advance(29_999);
  assert.equal(reflector.trouble, "");
  await clock.advance(1);
  assert.match(reflector.trouble, /did not answer a watch request in time/);
  hanging = false;
  await watching();
  assert.deepEqual(heard(), ["replace a/one"]);
  await stop();
});

Deno.test("forbidden says what to allow, keeps asking, and recovers when it is given back", async () => {
  const api = filled("a/one");
  const { reflector, heard, watching, stop, clock } = reflecting(api, { selection: { namespace: "a" } });
  await watching();
  heard();
  api.fail("watch", refusal(403, "Forbidden"), Infinity);
  api.watches()[0]!.cut();
  await clock.advance(120_000);
  assert.match(
    reflector.trouble,
    /^May not list and watch widgets\.example\.com in namespace "a": Forbidden/,
  );
  assert.match(reflector.trouble, /resources: \["widgets"\], verbs: \["get", "list", "watch"\]/);
  assert.deepEqual(heard(), [], "what is known stays");
  api.heal();
  api.put(Widgets, widget("a/one", 2));
  await watching();
  await settle();
  assert.equal(reflector.trouble, "");
  assert.deepEqual(heard(), ["put a/one 2"]);
  await stop();
});

Deno.test("a kind that is not served ends the run", async () => {
  const api = filled("a/one");
  api.serve(Widgets, false);
  const { finished, reflector } = reflecting(api);
  assert.equal(await finished, "missing");
  assert.match(reflector.trouble, /CRD widgets\.example\.com is not installed/);
  assert.equal(reflector.synced, false);
});

Deno.test("a server that is down at the start is asked until it is there", async () => {
  const api = filled("a/one");
  const down = new KubeConnectionError("connect ECONNREFUSED", { method: "GET", path: "/x" });
  api.fail("watch", down, 3);
  api.fail("list", down, 2);
  const { reflector, heard, watching, stop, lists } = reflecting(api);
  await settle();
  assert.match(reflector.trouble, /ECONNREFUSED/);
  await watching();
  assert.deepEqual(heard(), ["replace a/one"]);
  assert.equal(reflector.trouble, "");
  assert.deepEqual(lists.at(-1), "list ok");
  await stop();
});

Deno.test("the server's Retry-After is waited for", async () => {
  const api = filled("a/one");
  api.fail("watch", refusal(429, "TooManyRequests", 20_000));
  const { watching, stop, clock } = reflecting(api);
  await watching();
  assert.ok(clock.now() >= 20_000, `came back after ${clock.now()} ms`);
  await stop();
});

Deno.test("only the selection is asked for, and objects that leave it are removed", async () => {
  const api = filled();
  api.put(Widgets, widget("a/one", 1, { labels: { app: "coder" } }));
  api.put(Widgets, widget("a/other", 1, { labels: { app: "other" } }));
  api.put(Widgets, widget("b/elsewhere", 1, { labels: { app: "coder" } }));
  const { heard, watching, stop } = reflecting(api, {
    selection: { namespace: "a", labelSelector: "app=coder", fieldSelector: "metadata.name!=x" },
  });
  await watching();
  assert.deepEqual(heard(), ["replace a/one"]);
  api.put(Widgets, widget("a/one", 2, { labels: { app: "other" } }));
  await settle();
  assert.deepEqual(heard(), ["remove a/one"]);
  assert.equal(api.calls[0]?.options.fieldSelector, "metadata.name!=x");
  await stop();
});

Deno.test("metadata-only asks for metadata in lists and watches", async () => {
  const { api, heard, watching, stop } = reflecting(filled("a/one"), {
    metadataOnly: true,
    watchList: false,
  });
  await watching();
  api.put(Widgets, widget("a/one", 7));
  await settle();
  assert.deepEqual(heard(), ["replace a/one", "put a/one -"]);
  assert.deepEqual(api.calls.map(({ options }) => options.metadataOnly), [true, true]);
  await stop();
});

Deno.test("lines that are no objects are left out, and the watch goes on", async () => {
  const { api, heard, watching, stop, errors } = reflecting(filled("a/one"));
  await watching();
  heard();
  for (const type of ["ADDED", "MODIFIED", "DELETED"] as const) {
    api.watches()[0]!.send({ type, object: { ...widget("x"), metadata: {} } });
  }
  api.put(Widgets, widget("a/one", 2));
  await settle();
  assert.deepEqual(heard(), ["put a/one 2"]);
  assert.equal(errors.length, 3);
  await stop();
});

Deno.test("an abort ends every phase at once", async () => {
  const inBackoff = reflecting(filled("a/one"));
  inBackoff.api.fail("watch", refusal(500, "InternalError"), Infinity);
  await inBackoff.clock.until(() => inBackoff.reflector.phase === "backoff", "a pause");
  await inBackoff.stop();

  const client = { list: () => new Promise<never>(() => {}), watch: () => new Promise<never>(() => {}) };
  const opening = reflecting(filled(), { client: { ...client, watch: abortable } });
  await settle();
  await opening.stop();

  const paging = reflecting(filled(), { client: { ...client, list: abortable }, watchList: false });
  await settle();
  await paging.stop();
});

/** Hangs until it is aborted, as the real client does. */
function abortable(_type: unknown, options?: { signal?: AbortSignal }): Promise<never> {
  return new Promise((_, reject) =>
    options?.signal?.addEventListener("abort", () => reject(options.signal?.reason))
  );
}
