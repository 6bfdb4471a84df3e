import assert from "node:assert/strict";
import { describeRequest, type RequestInfo } from "./request_info.ts";

function check(method: string, url: string, expected: Partial<RequestInfo>): void {
  const { query: _query, ...info } = describeRequest(method, url);
  assert.deepEqual(info, { method, path: url.split("?")[0], ...expected });
}

Deno.test("core resources have the empty group", () => {
  check("GET", "/api/v1/pods", { verb: "list", apiGroup: "", resource: "pods" });
  check("GET", "/api/v1/namespaces/x/pods/y", {
    verb: "get",
    apiGroup: "",
    resource: "pods",
    namespace: "x",
    name: "y",
  });
});

Deno.test("groups, subresources and every verb are read", () => {
  const base = "/apis/apps/v1/namespaces/x/deployments";
  const common = { apiGroup: "apps", resource: "deployments", namespace: "x" };
  check("POST", base, { ...common, verb: "create" });
  check("DELETE", base, { ...common, verb: "deletecollection" });
  check("PUT", `${base}/y/status`, { ...common, verb: "update", name: "y", subresource: "status" });
  check("PATCH", `${base}/y`, { ...common, verb: "patch", name: "y" });
  check("DELETE", `${base}/y`, { ...common, verb: "delete", name: "y" });
});

Deno.test("a watch is told from a list by its query", () => {
  for (const value of ["1", "true"]) {
    check("GET", `/api/v1/pods?watch=${value}`, { verb: "watch", apiGroup: "", resource: "pods" });
  }
  check("GET", "/api/v1/pods?watch=false", { verb: "list", apiGroup: "", resource: "pods" });
  assert.equal(describeRequest("GET", "/api/v1/pods?resourceVersion=5").query.get("resourceVersion"), "5");
});

Deno.test("a namespace itself is a resource, with its subresources", () => {
  const common = { apiGroup: "", resource: "namespaces", name: "x" };
  check("GET", "/api/v1/namespaces/x", { ...common, verb: "get" });
  check("PUT", "/api/v1/namespaces/x/finalize", { ...common, verb: "update", subresource: "finalize" });
  check("GET", "/api/v1/namespaces", { apiGroup: "", resource: "namespaces", verb: "list" });
});

Deno.test("other paths have no resource", () => {
  for (
    const path of ["/version", "/api", "/apis", "/apis/apps", "/apis/apps/v1", "/api/v1", "/", "/readyz/etcd"]
  ) {
    check("GET", path, { verb: "get" });
  }
});

Deno.test("a name is decoded, and one that cannot be is left as it is", () => {
  const name = (url: string) => describeRequest("GET", url).name;
  assert.equal(name("/api/v1/nodes/a%3Ab"), "a:b");
  assert.equal(name("/api/v1/nodes/a%zz"), "a%zz");
});

Deno.test("an unknown method is its own verb", () => {
  assert.equal(describeRequest("OPTIONS", "/api/v1/pods").verb, "options");
});
