import assert from "node:assert/strict";
import { ClusterRoles, ConfigMaps, Deployments, Namespaces } from "../../api/kubernetes/resources.ts";
import { ObjectNameError } from "../errors.ts";
import { resourcePath, withQuery } from "./request_path.ts";

Deno.test("core kinds live under /api, groups under /apis", () => {
  assert.equal(resourcePath(ConfigMaps, { namespace: "a" }), "/api/v1/namespaces/a/configmaps");
  assert.equal(resourcePath(Deployments, { namespace: "a" }), "/apis/apps/v1/namespaces/a/deployments");
});

Deno.test("no namespace means all namespaces", () => {
  assert.equal(resourcePath(Deployments), "/apis/apps/v1/deployments");
  assert.equal(resourcePath(Deployments, { namespace: "" }), "/apis/apps/v1/deployments");
});

Deno.test("cluster-scoped kinds ignore a namespace", () => {
  assert.equal(
    resourcePath(ClusterRoles, { namespace: "a", name: "admin" }),
    "/apis/rbac.authorization.k8s.io/v1/clusterroles/admin",
  );
  assert.equal(resourcePath(Namespaces, { name: "a" }), "/api/v1/namespaces/a");
});

Deno.test("an object and its subresource follow the collection", () => {
  assert.equal(
    resourcePath(Deployments, { namespace: "a", name: "b", subresource: "status" }),
    "/apis/apps/v1/namespaces/a/deployments/b/status",
  );
});

Deno.test("names are escaped, so that none can leave its place in the path", () => {
  assert.equal(
    resourcePath(ClusterRoles, { name: "system:a?b=c#d e" }),
    "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Aa%3Fb%3Dc%23d%20e",
  );
  assert.equal(
    resourcePath(ConfigMaps, { namespace: "a&b", name: "ä", subresource: "x/y" }),
    "/api/v1/namespaces/a%26b/configmaps/%C3%A4/x/y",
  );
});

Deno.test("names that would change the path although escaped are refused", () => {
  for (const name of ["", ".", "..", "a/b", "../secrets", "a%2fb", "%", "\ud800"]) {
    assert.throws(
      () => resourcePath(ConfigMaps, { namespace: "a", name }),
      ObjectNameError,
      JSON.stringify(name),
    );
  }
  for (const namespace of ["..", "a/secrets/b", "a%2f"]) {
    assert.throws(() => resourcePath(ConfigMaps, { namespace, name: "x" }), ObjectNameError);
  }
  assert.throws(() => resourcePath(ConfigMaps, { namespace: "a", name: "x", subresource: "log/.." }));
});

Deno.test("a query holds what is defined, escaped", () => {
  assert.equal(
    withQuery("/x", { labelSelector: "a=b,c in (d)", limit: 5, watch: true, continue: undefined, empty: "" }),
    "/x?labelSelector=a%3Db%2Cc+in+%28d%29&limit=5&watch=true",
  );
  assert.equal(withQuery("/x", {}), "/x");
  assert.equal(withQuery("/x?a=b", { c: false }), "/x?a=b&c=false");
  assert.equal(withQuery("/x", { resourceVersion: "0" }), "/x?resourceVersion=0");
});
