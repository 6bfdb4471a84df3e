import assert from "node:assert/strict";
import { askedAuthorities, readAuthenticationConfig, warningsOf } from "./request_header.ts";
import { makeAuthority } from "./testing/certificates.ts";

const [clientCa, proxyCa, otherCa] = await Promise.all([
  makeAuthority("client-ca"),
  makeAuthority("proxy-ca"),
  makeAuthority("other-ca"),
]);

/** As a kube-apiserver writes it. */
const data = {
  "client-ca-file": clientCa.pem,
  "requestheader-client-ca-file": proxyCa.pem,
  "requestheader-allowed-names": '["front-proxy-client"]',
  "requestheader-username-headers": '["X-Remote-User"]',
  "requestheader-uid-headers": '["X-Remote-Uid"]',
  "requestheader-group-headers": '["X-Remote-Group"]',
  "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
};

function good(changes: Record<string, unknown> = {}) {
  const { config, problems } = readAuthenticationConfig({ ...data, ...changes });
  assert.deepEqual(problems, []);
  return config;
}

Deno.test("the API server's ConfigMap is read whole, header names in lower case", () => {
  const { clientCa: client, requestHeader } = good();
  assert.deepEqual(client?.authorities.map(({ subjectText }) => subjectText), ["CN=client-ca"]);
  assert.ok(requestHeader);
  const { ca, ...rest } = requestHeader;
  assert.deepEqual(ca.authorities.map(({ subjectText }) => subjectText), ["CN=proxy-ca"]);
  assert.deepEqual(rest, {
    allowedNames: ["front-proxy-client"],
    usernameHeaders: ["x-remote-user"],
    uidHeaders: ["x-remote-uid"],
    groupHeaders: ["x-remote-group"],
    extraHeaderPrefixes: ["x-remote-extra-"],
  });
});

Deno.test("lists that are absent, empty or null are empty, as older API servers have no header for UIDs", () => {
  const { "requestheader-uid-headers": _, ...older } = data;
  const { config, problems } = readAuthenticationConfig(older);
  assert.deepEqual([config.requestHeader?.uidHeaders, problems], [[], []]);
  for (const text of ["", "  ", "[]", "null"]) {
    assert.deepEqual(good({ "requestheader-allowed-names": text }).requestHeader?.allowedNames, [], text);
  }
});

Deno.test("an API server without one of the parts has none of it", () => {
  assert.deepEqual(readAuthenticationConfig({}), { config: {}, problems: [] });
  assert.deepEqual(readAuthenticationConfig(undefined), { config: {}, problems: [] });
  const { clientCa: client, requestHeader } = good({ "requestheader-client-ca-file": "" });
  assert.ok(client);
  assert.equal(requestHeader, undefined);
});

Deno.test("a part that is bad is not used, and the other one is", () => {
  const bad: [Record<string, unknown>, RegExp][] = [
    [
      { "requestheader-client-ca-file": "no PEM" },
      /requestheader-client-ca-file: there is no PEM certificate/,
    ],
    [{ "requestheader-client-ca-file": 7 }, /requestheader-client-ca-file: /],
    [{ "requestheader-allowed-names": "front-proxy-client" }, /requestheader-allowed-names: is not JSON/],
    [{ "requestheader-allowed-names": '"x"' }, /requestheader-allowed-names: /],
    [{ "requestheader-allowed-names": "[7]" }, /requestheader-allowed-names\.0: /],
    [{ "requestheader-username-headers": '["X Remote"]' }, /username-headers\.0: is no name of a header/],
    [{ "requestheader-group-headers": '[""]' }, /group-headers\.0: is no name of a header/],
    [{ "requestheader-extra-headers-prefix": '{"a":1}' }, /extra-headers-prefix: /],
  ];
  for (const [changes, expected] of bad) {
    const { config, problems } = readAuthenticationConfig({ ...data, ...changes });
    assert.equal(config.requestHeader, undefined);
    assert.ok(config.clientCa, "the other part");
    assert.match(problems.join("; "), expected);
  }
  const { config, problems } = readAuthenticationConfig({ ...data, "client-ca-file": otherCa.keyPem });
  assert.equal(config.clientCa, undefined);
  assert.ok(config.requestHeader);
  assert.match(problems.join(), /^client-ca-file: there is no PEM certificate/);
});

Deno.test("the last good part stays where a new one is bad or has gone", () => {
  const before = good();
  const bad = { ...data, "requestheader-allowed-names": "[", "client-ca-file": "-" };
  for (const next of [bad, {}, undefined, { "client-ca-file": "" }]) {
    const { config, problems } = readAuthenticationConfig(next, before);
    assert.deepEqual(config, before);
    assert.equal(problems.length, 2);
    for (const problem of problems) assert.match(problem, /the last (good )?one stays in use/);
  }
});

Deno.test("a bundle whose text is the same stays the same object, so that nothing is verified again", () => {
  const before = good();
  const renamed = { ...data, "requestheader-allowed-names": '["another"]' };
  const { config } = readAuthenticationConfig(renamed, before);
  assert.equal(config.clientCa, before.clientCa);
  assert.equal(config.requestHeader?.ca, before.requestHeader?.ca);
  assert.deepEqual(config.requestHeader?.allowedNames, ["another"]);
  const rotated = { ...data, "requestheader-client-ca-file": proxyCa.pem + otherCa.pem };
  const { config: after } = readAuthenticationConfig(rotated, before);
  assert.equal(after.requestHeader?.ca.authorities.length, 2);
});

Deno.test("the TLS layer asks for certificates of both authorities, each once", () => {
  assert.deepEqual(askedAuthorities(good()), [clientCa.pem, proxyCa.pem]);
  assert.deepEqual(askedAuthorities(good({ "requestheader-client-ca-file": clientCa.pem })), [clientCa.pem]);
  assert.deepEqual(askedAuthorities({}), []);
});

Deno.test("dangerous and useless settings are warned of", () => {
  assert.deepEqual(warningsOf(good()), []);
  assert.match(warningsOf({}).join(), /no front proxy/);
  const shared = { "requestheader-client-ca-file": otherCa.pem + clientCa.pem };
  assert.deepEqual(warningsOf(good(shared)), [], "the name is checked");
  const open = good({ ...shared, "requestheader-allowed-names": "[]" });
  assert.match(warningsOf(open).join(), /every user with a certificate can act as anybody/);
  assert.deepEqual(warningsOf(good({ "requestheader-allowed-names": "[]" })), [], "an authority of its own");
  assert.match(warningsOf(good({ "requestheader-username-headers": "" })).join(), /nobody can be told/);
});
