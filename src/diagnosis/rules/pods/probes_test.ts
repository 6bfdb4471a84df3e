import assert from "node:assert/strict";
import { probeWords } from "../../pods/probe_trouble.ts";
import {
  ago,
  commands,
  event,
  factsOf,
  looping,
  only,
  pod,
  type PodParts,
  quotes,
  unreadFacts,
} from "../../pods/testing.ts";
import type { Rule } from "../../types.ts";
import { crashLoop } from "./crash_loop.ts";
import { livenessKilling } from "./liveness_killing.ts";
import { readinessFailing } from "./readiness_failing.ts";
import { startupProbeFailing } from "./startup_probe_failing.ts";

const READY = { readinessProbe: { httpGet: { port: 8080, path: "/healthz" } } };
const unready = (seconds: number, parts: PodParts = {}) =>
  pod({
    container: READY,
    state: { running: { startedAt: ago(seconds) } },
    dev: { ready: false, started: true, ...parts.dev },
    ...parts,
  });
const unhealthy = (message: string, more: object = {}) =>
  event("Unhealthy", message, {
    involvedObject: { kind: "Pod", namespace: "lab", name: "dev-0", fieldPath: "spec.containers{dev}" },
    ...more,
  });

Deno.test("a container whose readiness probe fails is told with what the probe meets", () => {
  const message = "Readiness probe failed: HTTP probe failed with statuscode: 503";
  const found = only(readinessFailing, { pods: [unready(300)], events: [unhealthy(message)] });
  assert.equal(
    found.cause,
    "Container dev of pod lab/dev-0 runs, and is not ready: its readiness probe fails, it answers HTTP 503.",
  );
  assert.deepEqual(quotes(found), [`event of pod lab/dev-0 at ${ago(30)}: Unhealthy: ${message} (×4)`]);
  assert.equal(found.confidence, "certain");
  assert.deepEqual(commands(found), [
    "kubectl -n lab logs dev-0 -c dev --tail=100",
    "kubectl -n lab describe pod dev-0",
  ]);
});

Deno.test("its log is quoted beside, and pods that meet the same are told once", () => {
  const events = ["dev-0", "dev-1"].map((name) =>
    event("Unhealthy", "Readiness probe failed: dial tcp: connection refused", { name })
  );
  const pods = [unready(300), unready(300, { name: "dev-1" })];
  const podLogs = [{
    pod: "dev-0",
    namespace: "lab",
    container: "dev",
    previous: false,
    lines: ["error: no database"],
  }];
  const found = only(readinessFailing, { pods, events, podLogs });
  assert.match(
    found.cause,
    /^Container dev of pods lab\/dev-0 and lab\/dev-1 runs.*nothing listens on its port/,
  );
  assert.equal(quotes(found)[1], "log of container dev of pod lab/dev-0: error: no database");
});

Deno.test("a container that has just started is no trouble, nor one that said so before its restart", () => {
  const once = unhealthy("Readiness probe failed: x", { count: 1, lastTimestamp: ago(3) });
  assert.deepEqual(readinessFailing.find(factsOf({ pods: [unready(5)], events: [once] })), []);
  assert.deepEqual(readinessFailing.find(factsOf({ pods: [unready(30)], events: [] })), []);
  const before = unhealthy("Readiness probe failed: x", { lastTimestamp: ago(60) });
  assert.deepEqual(readinessFailing.find(factsOf({ pods: [unready(25)], events: [before] })), []);
  const silent = only(readinessFailing, { pods: [unready(90)], events: [] });
  assert.deepEqual([silent.confidence, /does not succeed\.$/.test(silent.cause)], ["likely", true]);
});

Deno.test("probes of other containers are not this one's", () => {
  const other = unhealthy("Readiness probe failed: x", {
    involvedObject: { kind: "Pod", namespace: "lab", name: "dev-0", fieldPath: "spec.containers{web}" },
  });
  assert.deepEqual(readinessFailing.find(factsOf({ pods: [unready(30)], events: [other] })), []);
});

const WORDS: readonly (readonly [string, string])[] = [
  ["Readiness probe failed: HTTP probe failed with statuscode: 404", "it answers HTTP 404"],
  [
    'Readiness probe failed: Get "http://10.0.0.1:8080/": dial tcp 10.0.0.1:8080: connect: connection refused',
    "nothing listens on its port (connection refused)",
  ],
  [
    'Liveness probe failed: Get "http://10.0.0.1/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
    "it does not answer in time",
  ],
  ["Readiness probe failed: dial tcp 10.0.0.1:80: connect: no route to host", "its node does not reach it"],
  ["Readiness probe failed: remote error: tls: bad certificate", "TLS fails"],
  [
    'Readiness probe failed: service unhealthy (responded with "NOT_SERVING")',
    "its gRPC health service says that it is not well",
  ],
  ["Readiness probe failed: dial tcp: lookup x: no such host", "its host name is not found"],
  [
    "Readiness probe failed: cat: /tmp/ok: No such file or directory",
    "cat: /tmp/ok: No such file or directory",
  ],
  ["Readiness probe errored: rpc error: code = Unknown", "rpc error: code = Unknown"],
  ["Readiness probe failed: ", "its command fails"],
];
for (const [message, says] of WORDS) {
  Deno.test(`a probe that met: ${message.slice(0, 90)}`, () => assert.equal(probeWords(message), says));
}

Deno.test("a long answer of a probe is cut", () => {
  assert.equal(probeWords(`Readiness probe failed: ${"x".repeat(400)}`).length, 160);
});

Deno.test("a container that is killed by its liveness probe is told so, and not as a crash loop", () => {
  const events = [
    unhealthy("Liveness probe failed: HTTP probe failed with statuscode: 500"),
    event("Killing", "Container dev failed liveness probe, will be restarted"),
  ];
  const pods = [looping({ exitCode: 137 }, { container: { livenessProbe: { httpGet: { port: 80 } } } })];
  assert.equal(
    only(livenessKilling, { pods, events }).cause,
    "Container dev of pod lab/dev-0 is restarted by its liveness probe (7 so far): it answers HTTP 500.",
  );
  assert.deepEqual(crashLoop.find(factsOf({ pods, events })), []);
});

Deno.test("one kill that is over, or long ago, is nothing", () => {
  const back = pod({ container: { livenessProbe: {} }, dev: { ready: true, restartCount: 1 } });
  const events = [unhealthy("Liveness probe failed: x")];
  assert.deepEqual(livenessKilling.find(factsOf({ pods: [back], events })), []);
  const old = [unhealthy("Liveness probe failed: x", { lastTimestamp: ago(7_200) })];
  const often = pod({ container: { livenessProbe: {} }, dev: { ready: true, restartCount: 9 } });
  assert.deepEqual(livenessKilling.find(factsOf({ pods: [often], events: old })), []);
  assert.equal(livenessKilling.find(factsOf({ pods: [often], events })).length, 1);
});

Deno.test("a container that does not come up before its startup probe gives up", () => {
  const starting = (restartCount: number, seconds: number) =>
    pod({
      container: { ...READY, startupProbe: { httpGet: { port: 80 } } },
      state: { running: { startedAt: ago(seconds) } },
      dev: { ready: false, started: false, restartCount },
    });
  const events = [unhealthy("Startup probe failed: dial tcp: connection refused")];
  assert.match(
    only(startupProbeFailing, { pods: [starting(2, 5)], events }).cause,
    /does not start in time and is restarted \(2 so far\): nothing listens/,
  );
  assert.match(
    only(startupProbeFailing, { pods: [starting(0, 60)], events }).cause,
    /does not start: nothing listens/,
  );
  assert.deepEqual(startupProbeFailing.find(factsOf({ pods: [starting(0, 10)], events })), []);
  assert.deepEqual(readinessFailing.find(factsOf({ pods: [starting(0, 300)], events })), []);
});

for (const rule of [livenessKilling, readinessFailing, startupProbeFailing] as Rule[]) {
  Deno.test(`${rule.id} is silent where all is well and where nothing was read`, () => {
    const events = [unhealthy("Readiness probe failed: x"), unhealthy("Startup probe failed: x")];
    assert.deepEqual(
      rule.find(
        factsOf({ pods: [pod({ container: { ...READY, livenessProbe: {}, startupProbe: {} } })], events }),
      ),
      [],
    );
    assert.deepEqual(rule.find(unreadFacts(rule)), []);
  });
}
