import assert from "node:assert/strict";
import { Health } from "../../telemetry/health.ts";
import { LiveServer } from "./testing/live_server.ts";

const ROOT = "/apis/gadgets.coder.test/v1alpha1";
const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

Deno.test("the resource list has verbs, short names, categories and subresources", async () => {
  await using live = await LiveServer.start();
  const { json } = await live.call(ROOT);
  assert.deepEqual(json, {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: "gadgets.coder.test/v1alpha1",
    resources: [{
      name: "gadgets",
      singularName: "gadget",
      namespaced: true,
      kind: "Gadget",
      verbs: ["get", "list", "watch"],
      shortNames: ["gdt"],
      categories: ["gadgetry"],
    }],
  });
  assert.deepEqual((await live.call(`${ROOT}/`)).json, json);
});

Deno.test("the group tells its version, and the list of groups has it alone", async () => {
  await using live = await LiveServer.start();
  const version = { groupVersion: "gadgets.coder.test/v1alpha1", version: "v1alpha1" };
  const group = { name: "gadgets.coder.test", versions: [version], preferredVersion: version };
  assert.deepEqual((await live.call("/apis/gadgets.coder.test")).json, {
    kind: "APIGroup",
    apiVersion: "v1",
    ...group,
  });
  assert.deepEqual((await live.call("/apis")).json, {
    kind: "APIGroupList",
    apiVersion: "v1",
    groups: [group],
  });
});

Deno.test("aggregated discovery tells everything at once, in the version that is asked for", async () => {
  await using live = await LiveServer.start();
  const { code, json, headers } = await live.call("/apis", {
    headers: { Accept: `${AGGREGATED},application/json` },
  });
  assert.equal(code, 200);
  assert.deepEqual([json.kind, json.apiVersion, json.items[0].metadata.name], [
    "APIGroupDiscoveryList",
    "apidiscovery.k8s.io/v2",
    "gadgets.coder.test",
  ]);
  assert.deepEqual(json.items[0].versions, [{
    version: "v1alpha1",
    freshness: "Current",
    resources: [{
      resource: "gadgets",
      responseKind: { group: "", version: "", kind: "Gadget" },
      scope: "Namespaced",
      singularResource: "gadget",
      verbs: ["get", "list", "watch"],
      shortNames: ["gdt"],
      categories: ["gadgetry"],
    }],
  }]);
  assert.deepEqual([headers["content-type"], headers.vary, headers["cache-control"]], [
    AGGREGATED,
    "Accept",
    "public",
  ]);
  const again = await live.call("/apis", {
    headers: { Accept: AGGREGATED, "If-None-Match": String(headers.etag) },
  });
  assert.deepEqual([again.code, again.text, again.headers.etag], [304, "", headers.etag]);
});

Deno.test("other versions of aggregated discovery are not acceptable, unless plain JSON is, too", async () => {
  await using live = await LiveServer.start();
  const beta = AGGREGATED.replace("v=v2", "v=v2beta1");
  assert.equal((await live.call("/apis", { headers: { Accept: beta } })).code, 406);
  assert.equal(
    (await live.call("/apis", { headers: { Accept: `${beta},application/json` } })).json.kind,
    "APIGroupList",
  );
  assert.equal(
    (await live.call("/apis", { headers: { Accept: `text/html,*/*;q=0.1` } })).json.kind,
    "APIGroupList",
  );
  for (const path of ["/apis", "/version", "/openapi/v2", "/openapi/v3", `/openapi/v3${ROOT}`]) {
    assert.equal((await live.call(path, { headers: { Accept: "text/html" } })).code, 406, path);
  }
});

Deno.test("documents are sent once to who keeps them", async () => {
  await using live = await LiveServer.start();
  for (const path of ["/apis", ROOT, "/openapi/v2", "/openapi/v3", `/openapi/v3${ROOT}`, "/version", "/"]) {
    const { headers } = await live.call(path);
    const etag = String(headers.etag);
    assert.match(etag, /^"[0-9A-F]{64}"$/, path);
    for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      assert.equal(
        (await live.call(path, { headers: { "If-None-Match": tag } })).code,
        304,
        `${path} ${tag}`,
      );
    }
    assert.equal((await live.call(path, { headers: { "If-None-Match": '"x"' } })).code, 200, path);
  }
});

Deno.test("OpenAPI 3 has an index whose addresses can be kept for ever", async () => {
  await using live = await LiveServer.start();
  const { json: { paths } } = await live.call("/openapi/v3");
  const { serverRelativeURL } = paths["apis/gadgets.coder.test/v1alpha1"];
  assert.match(serverRelativeURL, /^\/openapi\/v3\/apis\/gadgets\.coder\.test\/v1alpha1\?hash=[0-9A-F]{64}$/);
  const kept = await live.call(serverRelativeURL);
  assert.deepEqual([kept.code, kept.json.openapi], [200, "3.0.0"]);
  assert.equal(kept.headers["cache-control"], "public, immutable, max-age=31536000");
  const plain = await live.call(`/openapi/v3${ROOT}`);
  assert.deepEqual([plain.code, plain.headers["cache-control"]], [200, "no-cache, private"]);
  const old = await live.call(`/openapi/v3${ROOT}?hash=OLD`);
  assert.deepEqual([old.code, old.headers.location], [301, serverRelativeURL]);
  assert.equal((await live.call("/openapi/v3/apis/other/v1")).code, 404);
});

Deno.test("the version is one that every client can read", async () => {
  await using live = await LiveServer.start();
  const { json } = await live.call("/version");
  assert.deepEqual([json.major, json.minor, json.gitVersion, json.gitCommit, json.buildDate], [
    "1",
    "2",
    "v1.2.3",
    "abc",
    "2026-01-01T00:00:00Z",
  ]);
  assert.match(json.gitVersion, /^v\d+\.\d+\.\d+/);
  assert.match(json.platform, /^linux\/(amd64|arm64)$/);
});

Deno.test("who is nobody hears that a check failed, and not why", async () => {
  const health = new Health();
  health.add("readiness", "inventory", () => "Secret lab/token cannot be read");
  health.add("readiness", "other", () => "");
  await using live = await LiveServer.start({ health });
  const { code, text } = await live.call("/readyz?verbose", { user: null });
  assert.deepEqual([code, text], [
    503,
    "[-]inventory failed: reason withheld\n[+]other ok\nreadyz check failed\n",
  ]);
  assert.match((await live.call("/readyz")).text, /Secret lab\/token/);
});

Deno.test("health is told as kube-apiserver tells it", async () => {
  const health = new Health();
  let trouble = "";
  health.add("readiness", "inventory", () => trouble);
  await using live = await LiveServer.start({ health });
  const ask = async (path: string) => {
    const { code, text, headers } = await live.call(path);
    assert.match(String(headers["content-type"]), /^text\/plain/);
    return [code, text];
  };
  assert.deepEqual(await ask("/healthz"), [200, "ok\n"]);
  assert.deepEqual(await ask("/readyz"), [200, "ok\n"]);
  assert.deepEqual(await ask("/readyz?verbose"), [200, "[+]inventory ok\nreadyz check passed\n"]);
  trouble = "not synced";
  assert.deepEqual(await ask("/readyz"), [503, "[-]inventory failed: not synced\nreadyz check failed\n"]);
  assert.deepEqual(await ask("/readyz?exclude=inventory"), [200, "ok\n"]);
  assert.deepEqual(await ask("/readyz/inventory"), [
    503,
    "[-]inventory failed: not synced\nreadyz check failed\n",
  ]);
  assert.deepEqual(await ask("/livez"), [200, "ok\n"]);
  const head = await live.call("/livez", { method: "HEAD" });
  assert.deepEqual([head.code, head.text], [200, ""]);
});

Deno.test("metrics are told where there are some", async () => {
  await using live = await LiveServer.start({
    scrape: { contentType: "text/plain; version=0.0.4", text: () => Promise.resolve("up 1\n") },
  });
  const { code, text, headers } = await live.call("/metrics");
  assert.deepEqual([code, text, headers["content-type"], headers["cache-control"]], [
    200,
    "up 1\n",
    "text/plain; version=0.0.4",
    "no-store",
  ]);
  assert.equal((await live.call("/metrics/")).code, 404);
  await using without = await LiveServer.start();
  assert.equal((await without.call("/metrics")).code, 404);
});

Deno.test("there is nothing to debug by, and nobody can delete figures or set flags", async () => {
  const scrape = { contentType: "text/plain", text: () => Promise.resolve("up 1\n") };
  await using live = await LiveServer.start({ scrape });
  for (const path of ["/debug/pprof/", "/debug/pprof/heap", "/debug/flags/v", "/metrics/slis", "/configz"]) {
    for (const method of ["GET", "PUT", "POST"]) {
      assert.equal((await live.call(path, { method })).code, 404, `${method} ${path}`);
    }
  }
  for (const method of ["DELETE", "PUT", "POST"]) {
    assert.equal((await live.call("/metrics", { method })).code, 405, method);
  }
  assert.equal((await live.call("/metrics")).text, "up 1\n");
});

Deno.test("the index lists what there is", async () => {
  await using live = await LiveServer.start();
  const { json } = await live.call("/");
  for (
    const path of [
      "/apis",
      "/apis/gadgets.coder.test",
      ROOT,
      "/healthz",
      "/livez",
      "/readyz",
      "/openapi/v2",
      "/openapi/v3",
      "/version",
    ]
  ) {
    assert.ok(json.paths.includes(path), path);
  }
});

Deno.test("a path is what it says, and nothing that it could be read as", async () => {
  await using live = await LiveServer.start();
  for (
    const path of [
      "/version/../metrics",
      "/%76ersion",
      "//version",
      "/VERSION",
      "/apis/gadgets.coder.test/",
      "/healthzz",
    ]
  ) {
    const { code } = await live.call(path);
    assert.equal(code, path === "/apis/gadgets.coder.test/" ? 200 : 404, path);
  }
});
