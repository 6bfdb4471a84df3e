import assert from "node:assert/strict";
import type { z } from "zod";
import { expose } from "../api/control_plane_parts.ts";
import type { Gateway } from "../api/gateway.ts";
import { SpecError } from "./spec_error.ts";
import {
  exposedUrl,
  exposedWildcard,
  exposureText,
  exposureWarnings,
  possibleExposure,
  type WantedExposure,
  wantedExposure,
} from "./wanted_exposure.ts";

type Given = z.input<ReturnType<typeof expose>>;

const target = { name: "x", namespace: "a", labels: { app: "x" }, backend: { service: "x", port: 80 } };
const wanted = (given?: Given): WantedExposure =>
  wantedExposure(given === undefined ? undefined : expose().parse(given), target);
const host = "coder.example.com";
const ingress = (fields: object = {}) => wanted({ ingress: { host, ...fields } });
const gateway = (fields: object = {}) =>
  wanted({ gateway: { host, parentRefs: [{ name: "edge" }], ...fields } });
const none = () => undefined;

/** The field that a {@linkcode SpecError} names. */
function fieldOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof SpecError) return error.field;
    throw error;
  }
  throw new Error("nothing was refused");
}

Deno.test("nothing is exposed unless the spec asks for it", () => {
  assert.deepEqual(wanted(), { by: "nothing" });
  assert.deepEqual(wanted({}), { by: "nothing" });
  assert.deepEqual(exposureWarnings(wanted()), []);
  assert.deepEqual([exposedUrl(wanted(), none), exposedWildcard(wanted()), exposureText(wanted())], [
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("what is exposed is the target, at the hosts of the spec", () => {
  const found = ingress({ wildcardHost: "*.coder.example.com" });
  assert.ok(found.by === "ingress");
  assert.deepEqual(found.exposure, { ...target, hosts: [host, "*.coder.example.com"] });
});

Deno.test("white space around names is forgiven, and blank optional names are none", () => {
  const found = ingress({
    host: ` ${host} `,
    wildcardHost: " ",
    className: " nginx ",
    annotations: { a: "b" },
    tls: { secretName: " s ", wildcardSecretName: " " },
  });
  assert.ok(found.by === "ingress");
  assert.deepEqual(found.exposure.hosts, [host]);
  assert.deepEqual(found.settings, {
    className: "nginx",
    annotations: { a: "b" },
    certificates: [{ secretName: "s", hosts: [host] }],
  });
});

Deno.test("each certificate is for its own host", () => {
  const tls = { secretName: " s ", wildcardSecretName: " w " };
  const found = ingress({ wildcardHost: " *.x ", tls });
  assert.ok(found.by === "ingress");
  assert.deepEqual(found.exposure.hosts, [host, "*.x"]);
  assert.deepEqual(found.settings.certificates, [
    { secretName: "s", hosts: [host] },
    { secretName: "w", hosts: ["*.x"] },
  ]);
});

Deno.test("a route attaches to the Gateways that are named, and to their listeners", () => {
  const parentRefs = [{ name: " edge " }, { name: "inner", namespace: " b ", sectionName: "web" }];
  const found = gateway({ parentRefs });
  assert.ok(found.by === "gateway");
  assert.deepEqual(found.parents, [{ name: "edge" }, { name: "inner", namespace: "b", sectionName: "web" }]);
});

Deno.test("what only old objects can say is refused with the field that says it", () => {
  assert.equal(
    fieldOf(() => wanted({ ingress: { host }, gateway: { host, parentRefs: [{ name: "e" }] } })),
    "spec.expose",
  );
  assert.equal(fieldOf(() => ingress({ host: " " })), "spec.expose.ingress.host");
  assert.equal(fieldOf(() => gateway({ host: "" })), "spec.expose.gateway.host");
  assert.equal(
    fieldOf(() => ingress({ tls: { wildcardSecretName: "w" } })),
    "spec.expose.ingress.tls.wildcardSecretName",
  );
  assert.equal(fieldOf(() => gateway({ parentRefs: [] })), "spec.expose.gateway.parentRefs");
  for (const field of ["name", "namespace", "sectionName"]) {
    const parentRefs = [{ name: "edge", [field]: " " }];
    assert.equal(fieldOf(() => gateway({ parentRefs })), `spec.expose.gateway.parentRefs[0].${field}`);
  }
});

Deno.test("a wildcard in the wrong place is warned of", () => {
  assert.deepEqual(exposureWarnings(ingress({ wildcardHost: "*.x" })), []);
  assert.deepEqual(exposureWarnings(ingress({ host: "*.x" })).map(({ reason }) => reason), [
    "WildcardAsHost",
  ]);
  assert.deepEqual(exposureWarnings(gateway({ host: "*.x" })).map(({ reason }) => reason), [
    "WildcardAsHost",
  ]);
  const [warning] = exposureWarnings(gateway({ wildcardHost: "apps.x" }));
  assert.equal(warning?.reason, "WildcardHostWithoutWildcard");
  assert.match(warning?.message ?? "", /spec\.expose\.gateway\.wildcardHost is apps\.x.*\*\.coder/);
});

Deno.test("the address has the scheme that leads to it", () => {
  assert.equal(exposedUrl(ingress(), none), `http://${host}`);
  assert.equal(exposedUrl(ingress({ tls: { secretName: "s" } }), none), `https://${host}`);
  assert.equal(
    exposedUrl(ingress({ wildcardHost: "*.x", tls: { wildcardSecretName: "w" } }), none),
    `http://${host}`,
  );
  assert.equal(exposedUrl(gateway(), none), `https://${host}`);
  const edge: Gateway = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: { name: "edge" },
    spec: { listeners: [{ name: "web", port: 80, protocol: "HTTP" }] },
  };
  assert.equal(exposedUrl(gateway(), () => edge), `http://${host}`);
  assert.equal(exposedUrl(ingress({ host: "*.x" }), none), undefined);
});

Deno.test("what cannot be exposed keeps no pods from running, and other errors are thrown", () => {
  assert.deepEqual(possibleExposure(() => ingress({ host: " " })), { by: "nothing" });
  assert.deepEqual(possibleExposure(() => ingress()), ingress());
  const odd = () => {
    throw new TypeError("odd");
  };
  assert.throws(() => possibleExposure(odd), TypeError);
});

Deno.test("Coder is told of wildcards that it understands alone", () => {
  assert.equal(exposedWildcard(ingress({ wildcardHost: "*.x" })), "*.x");
  assert.equal(exposedWildcard(ingress({ wildcardHost: "apps.x" })), undefined);
  assert.equal(exposedWildcard(gateway()), undefined);
});

Deno.test("the text of what the user says changes with what the user says", () => {
  assert.equal(exposureText(ingress()), `ingress ${host}`);
  assert.equal(exposureText(ingress({ tls: { secretName: "s" } })), `ingress ${host} TLS`);
  assert.equal(exposureText(gateway({ wildcardHost: "*.x" })), `gateway ${host} *.x`);
});
