import assert from "node:assert/strict";
import { coder as convertedCoder } from "./testing.ts";

/** With an access URL of its own, so that there is nothing to say about it. */
const coder = (flow: string) => convertedCoder(flow.replace(/\}$/, ", envUseClusterAccessURL: false}"));

Deno.test("an Ingress that is off leaves nothing, whatever else is said of it", () => {
  const { spec, said } = coder("{ingress: {host: a.example.com, className: nginx, tls: {enable: true}}}");
  assert.equal(spec.expose, undefined);
  assert.deepEqual(said, []);
});

Deno.test("an Ingress keeps class, hosts, annotations and certificates", () => {
  const { spec, said } = coder(`{ingress: {enable: true, className: nginx, host: a.example.com,
    wildcardHost: '*.a.example.com', annotations: {a: b},
    tls: {enable: true, secretName: t, wildcardSecretName: w}}}`);
  assert.deepEqual(spec.expose, {
    ingress: {
      className: "nginx",
      host: "a.example.com",
      wildcardHost: "*.a.example.com",
      annotations: { a: "b" },
      tls: { secretName: "t", wildcardSecretName: "w" },
    },
  });
  assert.deepEqual(said, []);
});

Deno.test("certificates count only where TLS is on, and that of the wildcard only with one", () => {
  const tls = "secretName: t, wildcardSecretName: w";
  assert.deepEqual(coder(`{ingress: {enable: true, host: a, tls: {${tls}}}}`).spec.expose, {
    ingress: { host: "a" },
  });
  const { spec, said } = coder(`{ingress: {enable: true, host: a, tls: {enable: true, ${tls}}}}`);
  assert.deepEqual(spec.expose, { ingress: { host: "a", tls: { secretName: "t" } } });
  assert.deepEqual(said, ["coder.ingress.tls.wildcardSecretName: was left out: there is no wildcardHost"]);
});

Deno.test("a wildcard with a suffix loses it, as in the chart", () => {
  const { spec, said } = coder("{ingress: {enable: true, host: a, wildcardHost: '*-dev.example.com'}}");
  assert.equal(spec.expose?.ingress?.wildcardHost, "*.example.com");
  assert.deepEqual(said, []);
});

Deno.test("without a host there is no exposure, with an odd wildcard there is one without it", () => {
  for (const host of ["''", "'a b'", "UPPER"]) {
    const { spec, said } = coder(`{ingress: {enable: true, host: ${host}}}`);
    assert.equal(spec.expose, undefined, host);
    assert.match(said.join(), /^coder\.ingress\.host: .* without it Coder is not exposed$/);
  }
  const { spec, said } = coder("{ingress: {enable: true, host: a, wildcardHost: 'a b'}}");
  assert.deepEqual(spec.expose, { ingress: { host: "a" } });
  assert.equal(said.length, 1);
});

Deno.test("an HTTPRoute keeps hosts and Gateways, and tells what it loses", () => {
  const { spec, said } = coder(`{httproute: {enable: true, host: a.example.com, wildcardHost: '*.example.com',
    annotations: {a: b}, httpsRedirect: {enable: true, statusCode: 301, parentRefs: [{name: g}]},
    parentRefs: [{name: g, namespace: ns, sectionName: s, kind: Gateway, group: gateway.networking.k8s.io},
      {name: h, port: 443}, {namespace: x}]}}`);
  assert.deepEqual(spec.expose, {
    gateway: {
      host: "a.example.com",
      wildcardHost: "*.example.com",
      parentRefs: [{ name: "g", namespace: "ns", sectionName: "s" }, { name: "h" }],
    },
  });
  assert.deepEqual(said.map((line) => line.split(":")[0]), [
    "coder.httproute.parentRefs[1].port",
    "coder.httproute.parentRefs[2]",
    "coder.httproute.annotations",
    "coder.httproute.httpsRedirect",
  ]);
});

Deno.test("an HTTPRoute without a Gateway is none", () => {
  const { spec, said } = coder("{httproute: {enable: true, host: a.example.com, parentRefs: []}}");
  assert.equal(spec.expose, undefined);
  assert.deepEqual(said, ["coder.httproute.parentRefs: names no Gateway: the HTTPRoute was left out"]);
});

Deno.test("of Ingress and HTTPRoute the Ingress is taken", () => {
  const route = "httproute: {enable: true, host: a, parentRefs: [{name: g}]}";
  const { spec, said } = coder(`{ingress: {enable: true, host: a}, ${route}}`);
  assert.deepEqual(spec.expose, { ingress: { host: "a" } });
  assert.match(said.join(), /^coder\.httproute: /);
});

Deno.test("a ListenerSet is somebody else's", () => {
  assert.match(
    coder("{listenerset: {enable: true, parentRef: {name: g}, listeners: [{name: a}]}}").said.join(),
    /^coder\.listenerset: keep the ListenerSet yourself/,
  );
  assert.deepEqual(coder("{listenerset: {enable: false, listeners: [{name: a}]}}").said, []);
});

Deno.test("an access URL that changes is remarked, one of the user's own is not", () => {
  const ingress = "ingress: {enable: true, host: coder.example.com}";
  const { said } = convertedCoder(`{${ingress}}`);
  assert.match(
    said.join(),
    /^# coder\.envUseClusterAccessURL: Coder's access URL becomes that of coder\.example\.com/,
  );
  assert.deepEqual(
    convertedCoder(`{${ingress}, env: [{name: CODER_ACCESS_URL, value: 'https://x'}]}`).said,
    [],
  );
  assert.deepEqual(convertedCoder("{ingress: {enable: false, host: x}}").said, []);
});
