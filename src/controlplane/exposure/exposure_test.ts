import assert from "node:assert/strict";
import type { CoderControlPlane } from "../../api/control_plane.ts";
import { SpecError } from "../../workload/spec_error.ts";
import type { WantedExposure } from "../../workload/wanted_exposure.ts";
import { internalAddress, wantedExposure } from "./exposure.ts";
import { controlPlane } from "../testing.ts";

type Spec = NonNullable<CoderControlPlane["spec"]>;

const wanted = (expose: Spec["expose"], more: Spec = {}): WantedExposure =>
  wantedExposure(controlPlane({ ...more, ...(expose !== undefined && { expose }) }));
const byIngress = (ingress: object, more: Spec = {}) => {
  const result = wanted({ ingress: { host: "coder.example.com", ...ingress } }, more);
  assert.ok(result.by === "ingress");
  return result;
};

Deno.test("nothing is exposed unless the spec asks for it", () => {
  assert.deepEqual(wanted(undefined), { by: "nothing" });
  assert.deepEqual(wanted({}), { by: "nothing" });
});

Deno.test("what is exposed carries the control plane's name, labels and plain HTTP port", () => {
  const { exposure } = byIngress({});
  assert.deepEqual(exposure, {
    name: "coder",
    namespace: "a",
    labels: {
      "app.kubernetes.io/name": "coder-control-plane",
      "app.kubernetes.io/instance": "coder",
      "app.kubernetes.io/managed-by": "coder-k8s",
    },
    hosts: ["coder.example.com"],
    backend: { service: "coder", port: 80 },
  });
  const port = (more: Spec) => byIngress({}, more).exposure.backend.port;
  assert.equal(port({ service: { port: 8080 } }), 8080);
  assert.equal(port({ service: { port: 443 } }), 443);
  assert.equal(port({ service: { port: 443 }, tls: { secretNames: ["t"] } }), 80);
});

Deno.test("what cannot be exposed is refused with the field's name", () => {
  assert.throws(
    () => byIngress({ host: " " }),
    (error) => error instanceof SpecError && error.field === "spec.expose.ingress.host",
  );
});

Deno.test("callers inside the cluster get plain HTTP with a port, whatever Coder serves beside", () => {
  const inside = (spec: Spec, domain = "cluster.local") => internalAddress(controlPlane(spec), domain);
  assert.equal(inside({}), "http://coder.a.svc.cluster.local:80");
  assert.equal(inside({ service: { port: 8080 } }), "http://coder.a.svc.cluster.local:8080");
  const tls = { secretNames: ["t"] };
  assert.equal(inside({ tls }), "http://coder.a.svc.cluster.local:80");
  assert.equal(inside({ tls, service: { port: 443 } }), "http://coder.a.svc.cluster.local:80");
  assert.equal(inside({ tls, service: { port: 8080 } }, "k8s.test"), "http://coder.a.svc.k8s.test:8080");
});
