import assert from "node:assert/strict";
import type { CoderControlPlane } from "../../api/control_plane.ts";
import { SpecError } from "../../workload/spec_error.ts";
import { exposureWarnings, type Wanted, wantedExposure } from "./exposure.ts";
import { controlPlane } from "../testing.ts";

type Spec = NonNullable<CoderControlPlane["spec"]>;

const wanted = (expose: Spec["expose"], more: Spec = {}): Wanted =>
  wantedExposure(controlPlane({ ...more, ...(expose !== undefined && { expose }) }));
const byIngress = (ingress: object, more: Spec = {}) => {
  const result = wanted({ ingress: { host: "coder.example.com", ...ingress } }, more);
  assert.ok(result.by === "ingress");
  return result;
};
const byGateway = (gateway: object) => {
  const result = wanted({
    gateway: { host: "coder.example.com", parentRefs: [{ name: "edge" }], ...gateway },
  });
  assert.ok(result.by === "gateway");
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

Deno.test("white space around names is forgiven, and blank optional names are none", () => {
  const { exposure, settings } = byIngress({
    host: " coder.example.com ",
    wildcardHost: " *.x ",
    className: " nginx ",
    tls: { secretName: " a ", wildcardSecretName: " b " },
  });
  assert.deepEqual(exposure.hosts, ["coder.example.com", "*.x"]);
  assert.deepEqual(settings, {
    className: "nginx",
    annotations: {},
    certificates: [
      { secretName: "a", hosts: ["coder.example.com"] },
      { secretName: "b", hosts: ["*.x"] },
    ],
  });
  const blank = byIngress({
    wildcardHost: " ",
    className: " ",
    tls: { secretName: " ", wildcardSecretName: "" },
  });
  assert.deepEqual(blank.exposure.hosts, ["coder.example.com"]);
  assert.deepEqual(blank.settings, { className: "", annotations: {}, certificates: [] });
});

Deno.test("each parent of a route keeps what was said of it, and no more", () => {
  const { exposure, parents } = byGateway({
    wildcardHost: "*.coder.example.com",
    parentRefs: [{ name: " edge " }, { name: "b", namespace: " net ", sectionName: " web " }],
  });
  assert.deepEqual(exposure.hosts, ["coder.example.com", "*.coder.example.com"]);
  assert.deepEqual(parents, [{ name: "edge" }, { name: "b", namespace: "net", sectionName: "web" }]);
});

Deno.test("what only old objects can say is refused with the field's name", () => {
  const refused: [string, () => Wanted][] = [
    ["spec.expose", () =>
      wanted({
        ingress: { host: "a" },
        gateway: { host: "a", parentRefs: [{ name: "b" }] },
      })],
    ["spec.expose.ingress.host", () => byIngress({ host: " " })],
    ["spec.expose.ingress.tls.wildcardSecretName", () => byIngress({ tls: { wildcardSecretName: "w" } })],
    ["spec.expose.gateway.host", () => byGateway({ host: "" })],
    ["spec.expose.gateway.parentRefs", () => byGateway({ parentRefs: [] })],
    [
      "spec.expose.gateway.parentRefs[1].name",
      () => byGateway({ parentRefs: [{ name: "a" }, { name: " " }] }),
    ],
    [
      "spec.expose.gateway.parentRefs[0].namespace",
      () => byGateway({ parentRefs: [{ name: "a", namespace: " " }] }),
    ],
    [
      "spec.expose.gateway.parentRefs[0].sectionName",
      () => byGateway({ parentRefs: [{ name: "a", sectionName: "" }] }),
    ],
  ];
  for (const [field, run] of refused) {
    assert.throws(run, (error) => error instanceof SpecError && error.field === field, field);
  }
});

Deno.test("hosts that mix up names and wildcards are warned of", () => {
  const reasons = (wanted: Wanted) => exposureWarnings(wanted).map(({ reason }) => reason);
  assert.deepEqual(reasons({ by: "nothing" }), []);
  assert.deepEqual(reasons(byIngress({ wildcardHost: "*.coder.example.com" })), []);
  assert.deepEqual(reasons(byGateway({ host: "*.example.com" })), ["WildcardAsHost"]);
  const [warning] = exposureWarnings(byIngress({ wildcardHost: "apps.example.com" }));
  assert.equal(warning?.reason, "WildcardHostWithoutWildcard");
  assert.match(
    warning?.message ?? "",
    /spec\.expose\.ingress\.wildcardHost is apps\.example\.com.*\*\.coder/,
  );
});
