import assert from "node:assert/strict";
import { ConfigMaps } from "../api/kubernetes/resources.ts";
import type { ConfigMap } from "../api/kubernetes/types.ts";
import { FakeApi, refusal } from "../kube/testing/fake_api.ts";
import { ManualClock, settle } from "../kube/testing/manual_clock.ts";
import { recordingLogger } from "../kube/testing/recording_logger.ts";
import type { AuthenticationConfig } from "./request_header.ts";
import { AUTHENTICATION_CONFIG_MAP, createAuthenticationConfig } from "./request_header_watch.ts";
import { makeAuthority } from "./testing/certificates.ts";

const [clientCa, proxyCa, nextCa] = await Promise.all([
  makeAuthority("client-ca"),
  makeAuthority("proxy-ca"),
  makeAuthority("next-ca"),
]);

const data: Record<string, string> = {
  "client-ca-file": clientCa.pem,
  "requestheader-client-ca-file": proxyCa.pem,
  "requestheader-allowed-names": '["front-proxy"]',
  "requestheader-username-headers": '["X-Remote-User"]',
  "requestheader-group-headers": '["X-Remote-Group"]',
  "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
};

function rig() {
  const api = new FakeApi();
  api.serve(ConfigMaps, true);
  const clock = new ManualClock();
  const { logger, lines } = recordingLogger();
  const source = createAuthenticationConfig({
    client: api.client,
    clock,
    log: logger,
    times: { stallMs: 90_000 },
    retry: { random: () => 0.5 },
  });
  const heard: AuthenticationConfig[] = [];
  const unsubscribe = source.subscribe((config) => heard.push(config));
  const abort = new AbortController();
  let running: Promise<void> | undefined;
  return {
    api,
    clock,
    source,
    heard,
    unsubscribe,
    abort,
    logged: (level: string) => lines.filter((line) => line.level === level).map(({ message }) => message),
    put(changes: Record<string, string> = {}, metadata = AUTHENTICATION_CONFIG_MAP as ConfigMap["metadata"]) {
      return api.put<ConfigMap>(ConfigMaps, { metadata: { ...metadata }, data: { ...data, ...changes } });
    },
    async start() {
      running = source.run(abort.signal);
      await clock.until(() => source.hasSynced, "the configuration is read");
    },
    async stop() {
      abort.abort(new Error("the test is over"));
      await running;
      await settle();
      assert.equal(api.watches().length, 0, "no watch is left open");
      assert.equal(clock.sleeping, 0, "no timer is left");
    },
  };
}

function names({ requestHeader }: AuthenticationConfig): string[] {
  return requestHeader?.ca.authorities.map(({ subjectText }) => subjectText) ?? [];
}

Deno.test("one object is watched, by name, and read at the start", async () => {
  const { api, source, heard, put, start, stop, logged } = rig();
  put();
  assert.equal(source.hasSynced, false);
  assert.match(source.trouble, /kube-system\/extension-apiserver-authentication has not been read yet/);
  assert.deepEqual(source.current, {});
  await start();
  assert.deepEqual(names(source.current), ["CN=proxy-ca"]);
  assert.equal(source.trouble, "");
  assert.equal(heard.length, 1);
  for (const { options } of api.calls) {
    assert.equal(options.namespace, "kube-system");
    assert.equal(options.fieldSelector, "metadata.name=extension-apiserver-authentication");
  }
  assert.ok(logged("info").some((line) => /authenticated by these authorities/.test(line)));
  await stop();
});

Deno.test("a rotation is seen without a restart, and told once", async () => {
  const { source, heard, put, start, stop, unsubscribe } = rig();
  put();
  await start();
  put({ "requestheader-client-ca-file": proxyCa.pem + nextCa.pem });
  await settle();
  assert.deepEqual(names(source.current), ["CN=proxy-ca", "CN=next-ca"]);
  put({ "requestheader-client-ca-file": nextCa.pem });
  await settle();
  assert.deepEqual(names(source.current), ["CN=next-ca"]);
  put({ "requestheader-client-ca-file": nextCa.pem });
  await settle();
  assert.equal(heard.length, 3, "what changes nothing is not told");
  unsubscribe();
  put();
  await settle();
  assert.equal(heard.length, 3);
  await stop();
});

Deno.test("the last good configuration stays while the content is bad, and the trouble says why", async () => {
  const { source, heard, put, start, stop, logged } = rig();
  put();
  await start();
  put({ "requestheader-client-ca-file": "garbage" });
  await settle();
  assert.deepEqual(names(source.current), ["CN=proxy-ca"]);
  assert.match(source.trouble, /requestheader-client-ca-file: .*the last good one stays in use/);
  put({ "requestheader-client-ca-file": "garbage", "requestheader-uid-headers": "[]" });
  await settle();
  assert.equal(logged("warn").length, 1, "the same trouble is logged once");
  assert.equal(heard.length, 1);
  put({ "requestheader-client-ca-file": nextCa.pem });
  await settle();
  assert.deepEqual([names(source.current), source.trouble], [["CN=next-ca"], ""]);
  await stop();
});

Deno.test("the last good configuration stays when the ConfigMap is deleted", async () => {
  const { api, source, put, start, stop } = rig();
  put();
  await start();
  api.delete(ConfigMaps, AUTHENTICATION_CONFIG_MAP);
  await settle();
  assert.deepEqual(names(source.current), ["CN=proxy-ca"]);
  assert.match(source.trouble, /is not there/);
  put();
  await settle();
  assert.equal(source.trouble, "");
  await stop();
});

Deno.test("a cluster without the ConfigMap is one without authorities, not one that is waited for", async () => {
  const { source, start, stop, put } = rig();
  await start();
  assert.deepEqual(source.current, {});
  assert.match(source.trouble, /is not there/);
  put();
  await settle();
  assert.deepEqual(names(source.current), ["CN=proxy-ca"]);
  await stop();
});

Deno.test("other ConfigMaps of the namespace mean nothing", async () => {
  const { api, source, put, start, stop } = rig();
  put();
  put({ "requestheader-client-ca-file": nextCa.pem }, { namespace: "kube-system", name: "a-namesake" });
  await start();
  put({ "requestheader-client-ca-file": nextCa.pem }, { namespace: "kube-system", name: "another" });
  api.delete(ConfigMaps, { namespace: "kube-system", name: "another" });
  await settle();
  assert.deepEqual(names(source.current), ["CN=proxy-ca"]);
  assert.equal(source.trouble, "");
  await stop();
});

Deno.test("while the API server refuses, the trouble says so, and the watch begins once it does not", async () => {
  const { api, clock, source, put, stop, abort } = rig();
  put();
  for (const verb of ["list", "watch"] as const) api.fail(verb, refusal(403, "Forbidden"), 3);
  const running = source.run(abort.signal);
  await clock.until(() => /May not list and watch configmaps/.test(source.trouble), "the refusal shows");
  assert.equal(source.hasSynced, false);
  await clock.until(() => source.hasSynced, "the configuration is read");
  assert.equal(source.trouble, "");
  await stop();
  await running;
});

Deno.test("a watch that breaks is opened again, and what changed meanwhile is seen", async () => {
  const { api, clock, source, put, start, stop } = rig();
  put();
  await start();
  api.fail("watch", refusal(503, "ServiceUnavailable"), 2);
  api.watches()[0]?.cut();
  put({ "requestheader-client-ca-file": nextCa.pem });
  await clock.until(() => names(source.current).includes("CN=next-ca"), "the change is seen");
  await stop();
});

Deno.test("waiting for the first configuration ends with it, or with the signal", async () => {
  const { source, put, start, stop } = rig();
  put();
  const abort = new AbortController();
  const impatient = source.whenSynced(abort.signal);
  abort.abort(new Error("enough"));
  await assert.rejects(impatient, /enough/);
  await assert.rejects(source.whenSynced(abort.signal), /enough/);
  const patient = source.whenSynced(new AbortController().signal);
  await start();
  await patient;
  await source.whenSynced(new AbortController().signal);
  await stop();
});

Deno.test("a subscriber that throws ends nothing", async () => {
  const { source, put, start, stop, heard, logged } = rig();
  source.subscribe(() => {
    throw new Error("no");
  });
  const after: AuthenticationConfig[] = [];
  source.subscribe((config) => after.push(config));
  put();
  await start();
  put({ "requestheader-allowed-names": "[]" });
  await settle();
  assert.deepEqual([heard.length, after.length], [2, 2]);
  assert.equal(logged("error").length, 2);
  await stop();
});

Deno.test("dangerous settings are logged when they come", async () => {
  const { put, start, stop, logged } = rig();
  put({ "requestheader-client-ca-file": clientCa.pem, "requestheader-allowed-names": "" });
  await start();
  assert.ok(logged("warn").some((line) => /can act as anybody/.test(line)));
  await stop();
});
