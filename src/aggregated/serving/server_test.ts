import assert from "node:assert/strict";
import { Agent } from "node:https";
import { gunzipSync } from "node:zlib";
import { Buffer } from "node:buffer";
import { parse } from "yaml";
import { gadget } from "./testing/gadgets.ts";
import { LiveServer, until } from "./testing/live_server.ts";

const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";

Deno.test("objects and lists are answered, with the headers that every answer has", async () => {
  await using live = await LiveServer.start();
  live.storage.put(gadget("n", "b"));
  const stored = live.storage.put(gadget("n", "a"));
  const one = await live.call("namespaces/n/gadgets/a");
  assert.equal(one.code, 200);
  assert.deepEqual(one.json, stored);
  assert.equal(one.headers["content-type"], "application/json");
  assert.equal(one.headers["cache-control"], "no-cache, private");
  assert.match(String(one.headers["audit-id"]), /^[0-9a-f-]{36}$/);
  assert.equal(Number(one.headers["content-length"]), Buffer.byteLength(one.text));

  const list = await live.call("namespaces/n/gadgets");
  assert.deepEqual([list.json.kind, list.json.metadata.resourceVersion], [
    "GadgetList",
    live.storage.version,
  ]);
  assert.deepEqual(list.json.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name), [
    "a",
    "b",
  ]);
  assert.equal((await live.call("gadgets")).json.items.length, 2);
  assert.deepEqual((await live.call("namespaces/empty/gadgets")).json.items, []);
});

Deno.test("the front's audit id is taken over, and one that is none is not", async () => {
  await using live = await LiveServer.start();
  const id = async (given: string) =>
    (await live.call("gadgets", { headers: { "Audit-ID": given } })).headers["audit-id"];
  assert.equal(await id("3f2a-11"), "3f2a-11");
  assert.notEqual(await id('a b"c'), 'a b"c');
});

Deno.test("a single object is not older than its caller wants", async () => {
  await using live = await LiveServer.start();
  live.storage.put(gadget("n", "a"));
  const get = (version: string) => live.call(`namespaces/n/gadgets/a?resourceVersion=${version}`);
  for (const version of ["", "0", "1", live.storage.version]) assert.equal((await get(version)).code, 200);
  const { code, json, headers } = await get("999999");
  assert.deepEqual([code, json.details.causes[0].reason, headers["retry-after"]], [
    504,
    "ResourceVersionTooLarge",
    "1",
  ]);
  assert.equal((await get("junk")).code, 400);
});

Deno.test("selectors, pages and tables reach the caller", async () => {
  await using live = await LiveServer.start();
  for (const [name, color] of [["a", "red"], ["b", "blue"], ["c", "red"], ["d", "green"]]) {
    live.storage.put(gadget("n", name!, { color: color!, labels: { initial: name! } }));
  }
  const names = (json: { items: { metadata: { name: string } }[] }) =>
    json.items.map(({ metadata }) => metadata.name).join("");
  assert.equal(names((await live.call("gadgets?fieldSelector=spec.color%3Dred")).json), "ac");
  assert.equal(names((await live.call("gadgets?labelSelector=initial%20in%20(b,c)")).json), "bc");
  assert.equal(names((await live.call("gadgets?labelSelector=nosuch%3Dlabel")).json), "");
  const first = await live.call("gadgets?limit=3");
  assert.deepEqual([names(first.json), first.json.metadata.remainingItemCount], ["abc", 1]);
  const rest = await live.call(`gadgets?limit=3&continue=${first.json.metadata.continue}`);
  assert.deepEqual([names(rest.json), rest.json.metadata.continue], ["d", undefined]);
  live.storage.compact();
  live.storage.put(gadget("n", "e"));
  live.storage.compact();
  const late = await live.call(`gadgets?limit=3&continue=${first.json.metadata.continue}`);
  assert.deepEqual([late.code, late.json.reason], [410, "Expired"]);
  const now = await live.call(`gadgets?limit=1&continue=${late.json.metadata.continue}`);
  assert.deepEqual([names(now.json), now.json.metadata.resourceVersion], ["d", live.storage.version]);
  const end = await live.call(`gadgets?continue=${now.json.metadata.continue}`);
  assert.deepEqual([names(end.json), end.json.metadata.resourceVersion], ["e", live.storage.version]);
  const table = await live.call("namespaces/n/gadgets", { headers: { Accept: TABLE } });
  assert.deepEqual([table.json.kind, table.json.rows.length, table.json.rows[1].cells[1]], [
    "Table",
    5,
    "blue",
  ]);
  const metadata = await live.call("gadgets", {
    headers: { Accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io" },
  });
  assert.deepEqual([metadata.json.kind, metadata.json.items[0].spec], [
    "PartialObjectMetadataList",
    undefined,
  ]);
});

Deno.test("resource versions of lists are respected", async () => {
  await using live = await LiveServer.start();
  live.storage.put(gadget("n", "a"));
  const list = (query: string) => live.call(`gadgets?${query}`);
  assert.equal((await list(`resourceVersion=${live.storage.version}&resourceVersionMatch=Exact`)).code, 200);
  assert.equal((await list("resourceVersion=0")).code, 200);
  assert.equal((await list("resourceVersion=7&resourceVersionMatch=NotOlderThan")).code, 200);
  const gone = await list("resourceVersion=7&resourceVersionMatch=Exact");
  assert.deepEqual([gone.code, gone.json.reason], [410, "Expired"]);
  const ahead = await list("resourceVersion=999999999");
  assert.deepEqual([ahead.code, ahead.json.reason, ahead.headers["retry-after"]], [504, "Timeout", "1"]);
  assert.equal(ahead.json.details.causes[0].reason, "ResourceVersionTooLarge");
});

Deno.test("whoever asks for YAML gets it: objects, lists, documents and refusals", async () => {
  await using live = await LiveServer.start();
  live.storage.put(gadget("n", "a", { size: 3 }));
  const { group, version } = live.storage.definition.type;
  for (
    const path of [
      "namespaces/n/gadgets/a",
      "gadgets",
      "namespaces/n/gadgets/none",
      "/apis",
      `/apis/${group}`,
      `/apis/${group}/${version}`,
    ]
  ) {
    const yaml = await live.call(path, { headers: { Accept: "application/yaml" } });
    const json = await live.call(path);
    assert.equal(yaml.headers["content-type"], "application/yaml", path);
    assert.equal(yaml.code, json.code, path);
    assert.deepEqual(parse(yaml.text), json.json, path);
  }
  const text = await live.call("namespaces/n/gadgets/a", { headers: { Accept: "application/yaml" } });
  assert.match(text.text, /^spec:\n {2}color: red\n {2}size: 3$/m);
});

Deno.test("what cannot be answered is a Status of its kind", async () => {
  await using live = await LiveServer.start();
  live.storage.put(gadget("n", "a"));
  const cases: [string, string, number, string][] = [
    ["GET", "namespaces/n/gadgets/none", 404, "NotFound"],
    ["GET", "gadgets/a", 404, "NotFound"],
    ["GET", "nothings", 404, "NotFound"],
    ["GET", "namespaces/n/gadgets/a/nothing", 404, "NotFound"],
    ["GET", "/apis/gadgets.coder.test/v2/gadgets", 404, "NotFound"],
    ["GET", "/api/v1/pods", 404, "NotFound"],
    ["GET", "/nothing", 404, "NotFound"],
    ["GET", "/api", 404, "NotFound"],
    ["POST", "namespaces/n/gadgets", 405, "MethodNotAllowed"],
    ["DELETE", "namespaces/n/gadgets/a", 405, "MethodNotAllowed"],
    ["PATCH", "namespaces/n/gadgets/a", 405, "MethodNotAllowed"],
    ["OPTIONS", "namespaces/n/gadgets/a", 405, "MethodNotAllowed"],
    ["POST", "/version", 405, "MethodNotAllowed"],
    ["GET", "gadgets?limit=x", 400, "BadRequest"],
    ["GET", "gadgets?labelSelector=a%20b", 400, "BadRequest"],
    ["GET", "gadgets?fieldSelector=spec.size%3D1", 400, "BadRequest"],
    ["GET", "namespaces/n/gadgets/a%2Fb", 400, "BadRequest"],
    ["GET", "namespaces/n/gadgets/%zz", 400, "BadRequest"],
    ["GET", "gadgets?timeout=x", 400, "BadRequest"],
    ["GET", "gadgets?sendInitialEvents=true", 422, "Invalid"],
  ];
  for (const [method, path, code, reason] of cases) {
    const { json, ...answer } = await live.call(path, { method });
    assert.deepEqual(
      [answer.code, json?.kind, json?.reason, json?.code],
      [code, "Status", reason, code],
      `${method} ${path}`,
    );
  }
  const notFound = await live.call("namespaces/n/gadgets/none");
  assert.equal(notFound.json.message, 'gadgets.gadgets.coder.test "none" not found');
  const html = await live.call("gadgets", { headers: { Accept: "text/html" } });
  assert.deepEqual([html.code, html.json.reason], [406, "NotAcceptable"]);
  const head = await live.call("namespaces/n/gadgets/a", { method: "HEAD" });
  assert.deepEqual([head.code, head.text], [405, ""]);
});

Deno.test("who is not known or may not is told so in the words of kube-apiserver", async () => {
  const asked: unknown[] = [];
  await using live = await LiveServer.start({
    authorize: (user, request) => {
      asked.push([user.name, request]);
      const refusal = { code: 403, reason: "Forbidden", message: "internal words" } as const;
      return Promise.resolve(
        user.name === "jane" ? { allowed: true, reason: "" } : { allowed: false, refusal },
      );
    },
  });
  const refused = await live.call("gadgets", { user: "refused" });
  assert.deepEqual([refused.code, refused.json.reason, refused.json.message], [
    401,
    "Unauthorized",
    "who are you?",
  ]);
  assert.equal(refused.headers.connection, "close");
  const forbidden = await live.call("namespaces/n/gadgets/a/status", { user: "tom" });
  assert.deepEqual([forbidden.code, forbidden.json.message], [
    403,
    'gadgets.gadgets.coder.test "a" is forbidden: User "tom" cannot get resource "gadgets/status" in API group "gadgets.coder.test" in the namespace "n"',
  ]);
  assert.deepEqual(asked.at(-1), ["tom", {
    verb: "get",
    group: "gadgets.coder.test",
    version: "v1alpha1",
    resource: "gadgets",
    subresource: "status",
    namespace: "n",
    name: "a",
  }]);
  const path = await live.call("/metrics", { user: "tom" });
  assert.deepEqual([path.code, path.json.message], [403, 'forbidden: User "tom" cannot get path "/metrics"']);
  assert.deepEqual(asked.at(-1), ["tom", { verb: "get", path: "/metrics" }]);
  await live.call("gadgets?watch=1&fieldSelector=metadata.name%3Da", { user: "tom" });
  assert.deepEqual(asked.at(-1), ["tom", {
    verb: "watch",
    group: "gadgets.coder.test",
    version: "v1alpha1",
    resource: "gadgets",
    name: "a",
  }]);
});

Deno.test("who cannot be found out about is told when to try again", async () => {
  const refusal = {
    code: 503,
    reason: "ServiceUnavailable",
    message: "try again",
    retryAfterSeconds: 3,
  } as const;
  await using live = await LiveServer.start({
    authorize: () => Promise.resolve({ allowed: false, refusal }),
  });
  const { code, headers, json } = await live.call("gadgets");
  assert.deepEqual([code, headers["retry-after"], json.details.retryAfterSeconds], [503, "3", 3]);
});

Deno.test("a mistake of ours is a 500 that says nothing of it, and is logged with the audit id", async () => {
  await using live = await LiveServer.start();
  live.storage.hook = () => {
    throw new Error("password hunter2 at http://coder.internal");
  };
  const { code, json, text, headers } = await live.call("gadgets");
  assert.deepEqual([code, json.reason], [500, "InternalError"]);
  assert.doesNotMatch(text, /hunter2|coder\.internal|Error:/);
  const line = live.logLines.find(({ level }) => level === "error");
  assert.equal(line?.fields["auditId"], headers["audit-id"]);
  assert.match(String(line?.fields["error"]), /hunter2/);
  assert.equal(
    live.metrics.get("apiserver_request_total", {
      verb: "LIST",
      group: "gadgets.coder.test",
      version: "v1alpha1",
      resource: "gadgets",
      subresource: "",
      scope: "cluster",
      code: "500",
    }),
    1,
  );
});

Deno.test("a request that takes too long is answered with 504, and its work is told to stop", async () => {
  await using live = await LiveServer.start({ limits: { deadlineMs: 150 } });
  let reason: unknown;
  live.storage.hook = (_, { signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(reason = signal.reason)));
  const { code, json } = await live.call("gadgets");
  assert.deepEqual([code, json.reason], [504, "Timeout"]);
  assert.match(String(reason), /allotted timeout/);
});

Deno.test("a client may wish for less time, and not for more", async () => {
  const codeOf = async (deadlineMs: number, query: string) => {
    await using live = await LiveServer.start({ limits: { deadlineMs } });
    live.storage.hook = () => new Promise(() => {});
    return (await live.call(`gadgets?${query}`)).code;
  };
  const started = performance.now();
  assert.equal(await codeOf(120_000, "timeout=50ms"), 504);
  assert.ok(performance.now() - started < 100_000, `${performance.now() - started} ms`);
  assert.equal(await codeOf(150, "timeout=1h"), 504);
});

Deno.test("a client that goes away stops the work for it", async () => {
  await using live = await LiveServer.start();
  const reason = Promise.withResolvers<unknown>();
  const begun = Promise.withResolvers<void>();
  live.storage.hook = (_, { signal }) => {
    begun.resolve();
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        reason.resolve(signal.reason);
        reject(signal.reason);
      });
    });
  };
  const socket = await live.connect();
  socket.write("GET /apis/gadgets.coder.test/v1alpha1/gadgets HTTP/1.1\r\nHost: x\r\nx-user: jane\r\n\r\n");
  await begun.promise;
  socket.destroy();
  assert.match(String(await reason.promise), /the client closed the connection/);
  await until(() => live.logLines.some(({ message }) => message.startsWith("a request")), "it is logged");
  assert.equal(live.logLines.filter(({ level }) => level === "error").length, 0);
});

Deno.test("more requests at a time than allowed get 429; masters and probes are let through", async () => {
  await using live = await LiveServer.start({ limits: { reads: 2, writes: 1 } });
  const release = Promise.withResolvers<void>();
  live.storage.hook = () => release.promise;
  const inFlight = () =>
    live.metrics.get("apiserver_current_inflight_requests", { request_kind: "readOnly" });
  const waiting = [live.call("gadgets"), live.call("gadgets")];
  await until(() => inFlight() === 2, "two are in flight");
  const refused = await live.call("gadgets");
  assert.deepEqual([refused.code, refused.headers["retry-after"], refused.json.reason], [
    429,
    "1",
    "TooManyRequests",
  ]);
  assert.equal((await live.call("/healthz", { user: null })).code, 200);
  waiting.push(live.call("gadgets", { user: "kube,system:masters" }));
  await until(() => inFlight() === 3, "the master is in flight");
  release.resolve();
  assert.deepEqual((await Promise.all(waiting)).map(({ code }) => code), [200, 200, 200]);
  assert.equal(inFlight(), 0);
  assert.equal((await live.call("gadgets")).code, 200);
});

Deno.test("a large answer is compressed for who takes it, and is the same for who does not", async () => {
  await using live = await LiveServer.start();
  for (let index = 0; index < 400; index++) {
    live.storage.put({ ...gadget("n", `g${index}`), spec: { color: "x".repeat(500) } });
  }
  const plain = await live.call("gadgets");
  assert.deepEqual([plain.headers["content-encoding"], plain.headers.vary], [undefined, "Accept-Encoding"]);
  for (let round = 0; round < 2; round++) {
    const answer = await live.open("gadgets", { headers: { "Accept-Encoding": "gzip" } });
    assert.equal(answer.headers["content-encoding"], "gzip");
    const pieces: Uint8Array[] = [];
    for await (const piece of answer) pieces.push(piece as Uint8Array);
    const bytes = Buffer.concat(pieces);
    assert.equal(bytes.byteLength, Number(answer.headers["content-length"]));
    assert.equal(gunzipSync(bytes).toString(), plain.text);
  }
  const small = await live.call("namespaces/n/gadgets/g1", { headers: { "Accept-Encoding": "gzip" } });
  assert.deepEqual([small.headers["content-encoding"], small.headers.vary], [undefined, undefined]);
});

Deno.test("people get indented answers", async () => {
  await using live = await LiveServer.start();
  live.storage.put(gadget("n", "a"));
  for (
    const [path, headers] of [["namespaces/n/gadgets/a?pretty=true", {}], ["gadgets", {
      "User-Agent": "curl/8",
    }]] as const
  ) {
    const { text, json } = await live.call(path, { headers });
    assert.equal(text, `${JSON.stringify(json, null, 2)}\n`);
  }
});

Deno.test("a storage can warn without failing", async () => {
  await using live = await LiveServer.start();
  live.storage.hook = (_, context) => {
    context.warn('Coder of "main" does not answer\nsince é 12:00');
    context.warn("second");
    context.warn("second");
  };
  const { code, headers } = await live.call("gadgets");
  assert.equal(code, 200);
  assert.equal(
    headers["warning"],
    '299 - "Coder of \\"main\\" does not answer?since ? 12:00", 299 - "second"',
  );
});

Deno.test("many requests on one connection are each answered, in order", async () => {
  await using live = await LiveServer.start();
  live.storage.put(gadget("n", "a"));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let index = 0; index < 100; index++) {
    const path = index % 3 === 0
      ? "namespaces/n/gadgets/none"
      : index % 3 === 1
      ? "gadgets"
      : "namespaces/n/gadgets/a";
    const { code } = await live.call(path, { agent });
    assert.equal(code, index % 3 === 0 ? 404 : 200);
  }
  const answers = await Promise.all(Array.from({ length: 50 }, () => live.call("gadgets", { agent })));
  assert.ok(answers.every(({ code }) => code === 200));
  agent.destroy();
});

Deno.test("requests are logged, and counted under the names of kube-apiserver without labels that callers invent", async () => {
  await using live = await LiveServer.start();
  live.storage.put(gadget("n", "a"));
  await live.call("namespaces/n/gadgets/a");
  await live.call("namespaces/n/inventions/a");
  await live.call("namespaces/n/gadgets/a/invention");
  await live.call("/invention");
  const count = (labels: Record<string, string>) =>
    live.metrics.get("apiserver_request_total", {
      verb: "GET",
      group: "",
      version: "",
      resource: "",
      subresource: "",
      scope: "",
      ...labels,
    });
  assert.equal(
    count({
      group: "gadgets.coder.test",
      version: "v1alpha1",
      resource: "gadgets",
      scope: "resource",
      code: "200",
    }),
    1,
  );
  assert.equal(count({ code: "404" }), 3);
  assert.ok(![...live.metrics.values.keys()].some((key) => key.includes("invention")));
  const line = live.logLines.find(({ fields }) => fields["code"] === 200);
  assert.deepEqual([line?.level, line?.fields["verb"], line?.fields["user"], line?.fields["path"]], [
    "debug",
    "get",
    "jane",
    "/apis/gadgets.coder.test/v1alpha1/namespaces/n/gadgets/a",
  ]);
});

Deno.test("storages of another group cannot be served", async () => {
  await assert.rejects(
    LiveServer.start({ served: { group: "other", version: "v1" } } as never),
    /Gadget is not of other\/v1, which is served/,
  );
});
