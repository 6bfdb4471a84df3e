import assert from "node:assert/strict";
import { below, pick, seededRandom } from "../../telemetry/testing/random.ts";
import { readRequest, type RequestInfo, type ResourceInfo } from "./request_info.ts";

const ROOT = "/apis/gadgets.coder.test/v1alpha1";

function resource(method: string, target: string): ResourceInfo {
  const info = readRequest(method, target);
  assert.equal(info.kind, "resource", `${method} ${target}: ${JSON.stringify(info)}`);
  return info as ResourceInfo;
}

/** The parts that decide. */
function parts(info: RequestInfo) {
  if (info.kind !== "resource") return { kind: info.kind };
  const { verb, namespace, resource, name, subresource } = info;
  return JSON.parse(JSON.stringify({ verb, namespace, resource, name, subresource }));
}

Deno.test("the method and the shape of the path make the verb", () => {
  const cases: [string, string, string][] = [
    ["GET", "/gadgets", "list"],
    ["GET", "/gadgets?watch=1", "watch"],
    ["GET", "/gadgets?watch=true", "watch"],
    ["GET", "/gadgets?watch=false", "list"],
    ["GET", "/gadgets?watch=0", "list"],
    ["GET", "/namespaces/n/gadgets", "list"],
    ["GET", "/namespaces/n/gadgets/a", "get"],
    ["GET", "/namespaces/n/gadgets/a?watch=1", "get"],
    ["HEAD", "/namespaces/n/gadgets/a", "get"],
    ["POST", "/namespaces/n/gadgets", "create"],
    ["PUT", "/namespaces/n/gadgets/a", "update"],
    ["PATCH", "/namespaces/n/gadgets/a", "patch"],
    ["DELETE", "/namespaces/n/gadgets/a", "delete"],
    ["DELETE", "/namespaces/n/gadgets", "deletecollection"],
    ["GET", "/watch/gadgets", "watch"],
    ["GET", "/watch/namespaces/n/gadgets/a", "watch"],
  ];
  for (const [method, path, verb] of cases) assert.equal(resource(method, ROOT + path).verb, verb, path);
});

Deno.test("namespace, resource, name and subresource come from their places", () => {
  assert.deepEqual(parts(resource("GET", `${ROOT}/namespaces/team-a/gadgets/acme.alice.dev/log?follow=1`)), {
    verb: "get",
    namespace: "team-a",
    resource: "gadgets",
    name: "acme.alice.dev",
    subresource: "log",
  });
  assert.deepEqual(parts(resource("GET", `${ROOT}/gadgets`)), { verb: "list", resource: "gadgets" });
  assert.deepEqual(parts(resource("GET", "/api/v1/namespaces/n/pods/p")), {
    verb: "get",
    namespace: "n",
    resource: "pods",
    name: "p",
  });
  const { group, version } = resource("GET", `${ROOT}/gadgets`);
  assert.deepEqual([group, version], ["gadgets.coder.test", "v1alpha1"]);
});

Deno.test("a list or watch of one object by its name is told to the authorizer with the name", () => {
  const listed = resource("GET", `${ROOT}/namespaces/n/gadgets?fieldSelector=metadata.name%3Da`);
  assert.deepEqual([listed.verb, listed.name, listed.isNamed], ["list", "a", false]);
  const watched = resource(
    "GET",
    `${ROOT}/namespaces/n/gadgets?watch=1&fieldSelector=spec.color%3Dred,metadata.name%3Da`,
  );
  assert.deepEqual([watched.verb, watched.name], ["watch", "a"]);
  for (
    const selector of [
      "metadata.name!=a",
      "metadata.name=..",
      "metadata.name=a%2Fb",
      "metadata.name=",
      "=,\\",
      "spec.color=red",
    ]
  ) {
    const info = resource(
      "GET",
      `${ROOT}/namespaces/n/gadgets?fieldSelector=${encodeURIComponent(selector)}`,
    );
    assert.equal(info.name, undefined, selector);
  }
});

Deno.test("segments are decoded once", () => {
  assert.equal(resource("GET", `${ROOT}/namespaces/n/gadgets/a%2Db`).name, "a-b");
  assert.equal(resource("GET", `${ROOT}/namespaces/n/gadgets/acme.Alice.DEV`).name, "acme.Alice.DEV");
  for (const twice of ["a%252Fb", "a%2520b"]) {
    assert.equal(readRequest("GET", `${ROOT}/namespaces/n/gadgets/${twice}`).kind, "malformed", twice);
  }
});

Deno.test("no segment can be taken for a path, a query, or another segment", () => {
  const bad = [
    "..",
    ".",
    "%2e%2e",
    "%2E",
    "a%2fb",
    "a%2Fb",
    "a%5Cb",
    "a%3Fb",
    "a%23b",
    "a%00b",
    "a%0Ab",
    "a%7Fb",
    "%",
    "%zz",
    "%ff",
    "a".repeat(254),
  ];
  for (const segment of bad) {
    for (
      const path of [
        `/namespaces/n/gadgets/${segment}`,
        `/namespaces/${segment}/gadgets/a`,
        `/namespaces/n/gadgets/a/${segment}`,
      ]
    ) {
      const info = readRequest("GET", ROOT + path);
      assert.equal(info.kind, "malformed", path);
      assert.ok(info.kind === "malformed" && [400, 404].includes(info.error.code), path);
    }
  }
  assert.equal(readRequest("GET", `${ROOT}/namespaces/n/gadgets//log`).kind, "malformed");
});

Deno.test("a namespace may be called as it will: there is nothing in one that cannot be", () => {
  for (const namespace of ["Upper", "-n", "n".repeat(64)]) {
    const info = readRequest("GET", `${ROOT}/namespaces/${namespace}/gadgets`);
    assert.equal(info.kind === "resource" && info.namespace, namespace);
  }
});

Deno.test("names that Kubernetes would not take for a resource or group lead nowhere", () => {
  const cases: [string, number][] = [
    [`${ROOT}/Gadgets`, 404],
    [`${ROOT}/namespaces/n/gadgets/a/LOG`, 404],
    [`${ROOT}/namespaces/n/gadgets/a/log/more`, 404],
    ["/apis/UP/v1/gadgets", 404],
    ["/apis/g/V1/gadgets", 404],
    [`${ROOT}/watch/namespaces/n/gadgets/a/log`, 404],
  ];
  for (const [path, code] of cases) {
    const info = readRequest("GET", path);
    assert.equal(info.kind === "malformed" && info.error.code, code, path);
  }
});

Deno.test("methods that there are not are not allowed", () => {
  for (
    const [method, path] of [["OPTIONS", "/gadgets"], ["TRACE", "/gadgets/a"], ["toString", "/gadgets"], [
      "POST",
      "/watch/gadgets",
    ]]
  ) {
    const info = readRequest(method!, ROOT + path);
    assert.equal(info.kind === "malformed" && info.error.code, 405, `${method} ${path}`);
  }
});

Deno.test("everything else is a path, as it was sent", () => {
  for (
    const path of [
      "/",
      "/apis",
      "/apis/g",
      "/apis/g/v1",
      "/apis/g/v1/",
      "/api",
      "/api/v1",
      "/healthz",
      "/openapi/v3/apis/g/v1",
      "/a%2Fb",
    ]
  ) {
    const info = readRequest("GET", `${path}?verbose`);
    assert.deepEqual([info.kind, info.path, info.verb], ["path", path, "get"]);
    assert.ok(info.query.has("verbose"));
  }
  assert.equal(readRequest("HEAD", "/healthz").verb, "head");
});

Deno.test("a target that is no path is malformed", () => {
  for (const target of ["https://a/b", "*", "", "a:1"]) {
    const info = readRequest("GET", target);
    assert.equal(info.kind === "malformed" && info.error.code, 400, target);
  }
});

Deno.test("a namespace by itself is a resource that there is not, and no scope", () => {
  assert.deepEqual(parts(resource("GET", `${ROOT}/namespaces`)), { verb: "list", resource: "namespaces" });
  assert.deepEqual(parts(resource("GET", `${ROOT}/namespaces/n`)), {
    verb: "get",
    resource: "namespaces",
    name: "n",
  });
  assert.deepEqual(parts(resource("GET", `${ROOT}/watch`)), { verb: "list", resource: "watch" });
});

Deno.test("no input throws, and what comes out of any input is safe", () => {
  const random = seededRandom(6_443);
  const pieces = [
    "/apis",
    "/gadgets.coder.test",
    "/v1alpha1",
    "/namespaces",
    "/n",
    "/gadgets",
    "/a",
    "/log",
    "/watch",
    "/api",
    "/v1",
    "/",
    "//",
    "/..",
    "/.",
    "%2e",
    "%2f",
    "%25",
    "%",
    "%c3%28",
    "?",
    "#",
    "&",
    "=",
    "watch=1",
    "fieldSelector=",
    "metadata.name=",
    "\\",
    "\u0000",
    "\u202e",
    "é",
    "💥",
    " ",
    "\n",
    ";",
    ":",
    "*",
    "labelSelector=a",
    ",",
    "a".repeat(300),
  ];
  const methods = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "",
    "get",
    "__proto__",
    "constructor",
  ];
  let resources = 0;
  for (let round = 0; round < 20_000; round++) {
    const start = pick(random, ["", ROOT, `${ROOT}/namespaces/n/gadgets`]);
    const target = start + Array.from({ length: below(random, 9) }, () => pick(random, pieces)).join("");
    const info = readRequest(pick(random, methods), target);
    if (info.kind === "malformed") {
      assert.ok(info.error.code >= 400 && info.error.code < 500, target);
      continue;
    }
    if (info.kind !== "resource") continue;
    resources++;
    for (
      const part of [info.group, info.version, info.namespace, info.resource, info.name, info.subresource]
    ) {
      if (part === undefined || (part === info.group && part === "")) continue;
      // deno-lint-ignore no-control-regex -- exactly these must not come out
      assert.doesNotMatch(part, /[/\\%?#\u0000-\u001f]|^\.{0,2}$/, JSON.stringify(target));
    }
  }
  assert.ok(resources > 500, `only ${resources} were requests for resources`);
});
