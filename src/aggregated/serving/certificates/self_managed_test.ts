import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { APIServices, Secrets } from "../../../api/kubernetes/resources.ts";
import { ManualClock } from "../../../kube/testing/manual_clock.ts";
import { recordingLogger } from "../../../kube/testing/recording_logger.ts";
import { MemoryKube, refusal } from "../testing/memory_kube.ts";
import { createSelfManagedCertificate, type SelfManagedOptions, serviceNames } from "./self_managed.ts";

const DAY = 86_400_000;
const NAME = "v1alpha1.gadgets.coder.test";
const secret = { namespace: "coder-system", name: "serving" };
const service = { namespace: "coder-system", name: "api" };

function rig(options: Partial<SelfManagedOptions> = {}, client = new MemoryKube()) {
  const clock = new ManualClock();
  const { logger, lines } = recordingLogger();
  if (client.find(APIServices, { namespace: "", name: NAME }) === undefined) {
    client.put(APIServices, {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: NAME },
      spec: { groupPriorityMinimum: 1, versionPriority: 1, service },
    });
  }
  const source = createSelfManagedCertificate({
    client,
    secret,
    service,
    apiService: NAME,
    clock,
    log: logger,
    ...options,
  });
  const stop = new AbortController();
  const running = source.run(stop.signal);
  const end = async () => {
    stop.abort();
    await running;
  };
  /** Keys are made on threads of their own, so the test's clock alone does not tell when a look is over. */
  const looked = async () => {
    const deadline = performance.now() + 60_000;
    while (clock.sleeping === 0) {
      if (performance.now() > deadline) throw new Error("it never looked");
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  /** Lets time pass, look by look. */
  const pass = async (ms: number, step = 11_880_000) => {
    for (let left = ms; left > 0; left -= step) {
      await looked();
      await clock.advance(Math.min(step, left));
    }
    await looked();
  };
  const bundle = () => atob(client.find(APIServices, { namespace: "", name: NAME })?.spec?.caBundle ?? "");
  return { client, clock, lines, source, end, bundle, looked, pass };
}

/** Whether one of the bundle signed what is served. */
function isTrusted(certPem: string | undefined, bundle: string): boolean {
  const leaf = new X509Certificate(certPem ?? "");
  return (bundle.match(/-----BEGIN[^]*?END CERTIFICATE-----/g) ?? []).some((pem) =>
    leaf.verify(new X509Certificate(pem).publicKey)
  );
}

Deno.test("a Service has the names that the API server and others in the cluster use", () => {
  assert.deepEqual(serviceNames(service), [
    "api.coder-system.svc",
    "api.coder-system.svc.cluster.local",
    "api.coder-system",
    "api",
    "localhost",
  ]);
  assert.equal(serviceNames(service, "corp.example")[1], "api.coder-system.svc.corp.example");
});

Deno.test("the first replica makes a certificate, and the API server trusts it", async () => {
  const { source, clock, bundle, end, client, looked } = rig();
  const atFirst = source.current;
  assert.equal(atFirst, undefined);
  await source.whenReady(new AbortController().signal);
  await looked();
  assert.ok(isTrusted(source.current?.certPem, bundle()));
  assert.equal(source.trouble, "");
  const calls = client.calls.length;
  await clock.advance(67_000);
  assert.deepEqual(client.calls.slice(calls), ["get secrets", "get apiservices"]);
  await end();
});

Deno.test("other replicas use the same certificate", async () => {
  const first = rig();
  await first.source.whenReady(new AbortController().signal);
  await first.looked();
  const second = rig({}, first.client);
  await second.source.whenReady(new AbortController().signal);
  assert.deepEqual(second.source.current, first.source.current);
  await Promise.all([first.end(), second.end()]);
});

Deno.test("certificates and authorities are followed by others in time, and who listens is told", async () => {
  const { source, bundle, end, looked, pass } = rig({
    servingMs: 9 * DAY,
    authorityMs: 30 * DAY,
    lookMs: 10_800_000,
  });
  await looked();
  let changes = 0;
  const unsubscribe = source.subscribe(() => void changes++);
  const before = source.current;
  const bundles = new Set([bundle()]);
  for (let step = 0; step < 26 * 8; step++) {
    const trusted = bundle();
    await pass(11_880_000);
    assert.ok(isTrusted(source.current?.certPem, bundle()), `look ${step}`);
    assert.ok(isTrusted(source.current?.certPem, trusted), `look ${step}, by what was trusted before it`);
    bundles.add(bundle());
  }
  assert.notDeepEqual(source.current, before);
  assert.ok(changes >= 3, `${changes} changes`);
  assert.ok(bundles.size >= 3, `${bundles.size} bundles`);
  unsubscribe();
  await end();
});

Deno.test("a Secret that somebody deletes comes back with what is trusted already", async () => {
  const { source, clock, client, bundle, end, looked } = rig();
  await source.whenReady(new AbortController().signal);
  await looked();
  const [before, trusted] = [source.current, bundle()];
  client.remove(Secrets, secret);
  await clock.advance(67_000);
  await looked();
  assert.ok(client.find(Secrets, secret) !== undefined);
  assert.deepEqual([source.current, bundle()], [before, trusted]);
  await end();
});

Deno.test("the next authority waits until the API server knows it", async () => {
  const client = new MemoryKube();
  const { source, bundle, end, looked, pass } = rig(
    { servingMs: 9 * DAY, authorityMs: 30 * DAY, lookMs: 10_800_000, retryMs: 10_800_000 },
    client,
  );
  await looked();
  client.before = (verb) => {
    if (verb === "patch") throw refusal(403, "Forbidden");
  };
  const trusted = bundle();
  await pass(25 * DAY);
  assert.match(source.trouble, /Forbidden/);
  assert.equal(bundle(), trusted);
  assert.ok(isTrusted(source.current?.certPem, trusted));
  client.before = () => {};
  await pass(DAY / 4);
  assert.equal(source.trouble, "");
  assert.notEqual(bundle(), trusted);
  assert.ok(isTrusted(source.current?.certPem, bundle()));
  await end();
});

Deno.test("a cluster that does not answer is trouble that is logged once, and over when it answers", async () => {
  const client = new MemoryKube();
  client.before = () => {
    throw refusal(503, "ServiceUnavailable");
  };
  const { source, clock, lines, end, looked } = rig({}, client);
  await looked();
  assert.match(source.trouble, /the serving certificate cannot be kept: ServiceUnavailable/);
  await clock.advance(30_000);
  assert.equal(lines.filter(({ level }) => level === "warn").length, 1);
  client.before = () => {};
  await clock.advance(5_000);
  await looked();
  assert.equal(source.trouble, "");
  assert.ok(source.current !== undefined);
  assert.doesNotMatch(JSON.stringify(lines), /PRIVATE KEY/);
  await end();
});

Deno.test("without an APIService of ours, only the Secret is kept", async () => {
  const client = new MemoryKube();
  const clock = new ManualClock();
  const stop = new AbortController();
  const source = createSelfManagedCertificate({ client, secret, service, clock });
  const running = source.run(stop.signal);
  await source.whenReady(stop.signal);
  await clock.until(() => clock.sleeping === 1, "it has looked");
  assert.deepEqual(client.calls, ["get secrets", "create secrets"]);
  stop.abort();
  await running;
});

Deno.test("who waits for a certificate need not wait for ever", async () => {
  const source = createSelfManagedCertificate({ client: new MemoryKube(), secret, service });
  await assert.rejects(source.whenReady(AbortSignal.abort(new Error("enough"))), /enough/);
  const later = new AbortController();
  const waiting = source.whenReady(later.signal);
  later.abort(new Error("too long"));
  await assert.rejects(waiting, /too long/);
});

Deno.test("an APIService that comes later is told within seconds, and nothing failed meanwhile", async () => {
  const client = new MemoryKube();
  client.put(APIServices, {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: NAME },
    spec: { groupPriorityMinimum: 1, versionPriority: 1, service: { namespace: "elsewhere", name: "api" } },
  });
  const { source, end, looked, pass, lines } = rig({}, client);
  await looked();
  assert.notEqual(source.current, undefined);
  assert.equal(source.trouble, "");
  const bundle = () => client.find(APIServices, { namespace: "", name: NAME })?.spec?.caBundle;
  assert.equal(bundle(), undefined);
  await pass(20_000, 5_000);
  const told = lines.filter(({ message }) => message.includes("no APIService for our Service"));
  assert.equal(told.length, 1, "said once");
  client.put(APIServices, {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: NAME },
    spec: { groupPriorityMinimum: 1, versionPriority: 1, service },
  });
  await pass(10_000, 5_000);
  assert.notEqual(bundle(), undefined);
  await end();
});
