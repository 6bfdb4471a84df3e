import assert from "node:assert/strict";
import { apiServiceUnavailable } from "./api_service_unavailable.ts";
import type { Facts } from "../../facts.ts";
import { NOW } from "../../testing.ts";
import { absent, ago, condition, seen, unread } from "./testing.ts";

const NAME = "v1alpha1.aggregation.coder.com";
const service = (available: object, port?: number) =>
  seen({
    metadata: { name: NAME },
    spec: {
      service: {
        namespace: "coder-system",
        name: "coder-k8s-apiserver",
        ...(port === undefined ? {} : { port }),
      },
    },
    status: { conditions: [available] },
  });
const of = (facts: object, kind = "workspace") =>
  apiServiceUnavailable.find({ subject: { kind, namespace: "lab", name: "x" }, now: NOW, ...facts } as Facts);
const away = condition("Available", "False", "FailedDiscoveryCheck", "connection refused");

Deno.test("an APIService that is not available is named with its Service and the words of its condition", () => {
  const [found, ...more] = of({ apiService: service(away, 8443) });
  assert.equal(
    found?.cause,
    `The APIService ${NAME} (Service coder-system/coder-k8s-apiserver, port 8443) is not available: ` +
      "FailedDiscoveryCheck: connection refused",
  );
  assert.deepEqual([found.confidence, more], ["certain", []]);
  assert.equal(found.evidence[0]?.at, ago(300));
  assert.match(found.evidence[0]?.quote ?? "", /FailedDiscoveryCheck: connection refused/);
  assert.equal(found.next[1]?.command, "kubectl -n coder-system logs service/coder-k8s-apiserver --tail=100");
  assert.match(of({ apiService: service(away) })[0]?.cause ?? "", /port 443/);
});

Deno.test("its certificate and its Service have steps of their own", () => {
  const trust = condition(
    "Available",
    "False",
    "FailedDiscoveryCheck",
    "x509: certificate signed by unknown",
  );
  assert.match(of({ apiService: service(trust) })[0]?.next[0]?.command ?? "", /caBundle/);
  const gone = condition("Available", "False", "ServiceNotFound", "not found");
  assert.equal(
    of({ apiService: service(gone) })[0]?.next[0]?.command,
    "kubectl -n coder-system get services",
  );
  const local = seen({ metadata: {}, status: { conditions: [away] } });
  assert.deepEqual(of({ apiService: local })[0]?.next.map(({ command }) => command), [
    `kubectl describe apiservice ${NAME}`,
  ]);
});

Deno.test("who may not read it hears of it from the API server's refusal of a workspace", () => {
  const refused = unread("GET coderworkspaces: ServiceUnavailable (503): the server cannot", "unreachable");
  const [found] = of({ workspace: refused, controlPlanes: seen([]), apiService: unread() });
  assert.match(found?.cause ?? "", /^The API server is not able to answer for workspaces/);
  assert.equal(found?.confidence, "likely");
  assert.deepEqual(found?.evidence, [{
    source: "look at it",
    at: "2026-11-22T08:00:00Z",
    quote: "GET coderworkspaces: ServiceUnavailable (503): the server cannot",
  }]);
  assert.deepEqual(of({ workspace: refused, controlPlanes: unread("503", "unreachable") }), []);
  assert.deepEqual(of({ workspace: refused, controlPlanes: seen([]) }, "controlplane"), []);
});

Deno.test("nothing is said of one that is available, new, missing or not seen", () => {
  assert.deepEqual(of({ apiService: service(condition("Available", "True", "Passed")) }), []);
  assert.deepEqual(of({ apiService: service(condition("Available", "False", "x", "y", ago(5))) }), []);
  assert.deepEqual(of({ apiService: seen({}) }), []);
  for (const apiService of [absent, unread(), undefined]) {
    assert.deepEqual(of({ apiService, workspace: unread("Forbidden (403)"), controlPlanes: seen([]) }), []);
  }
});
