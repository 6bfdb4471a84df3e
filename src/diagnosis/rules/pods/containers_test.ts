import assert from "node:assert/strict";
import type { AgentFacts, BuildFacts } from "../../coder_facts.ts";
import {
  ago,
  commands,
  event,
  factsOf,
  looping,
  only,
  pod,
  quotes,
  unreadFacts,
  waiting,
} from "../../pods/testing.ts";
import type { Rule } from "../../types.ts";
import { commandNotFound } from "./command_not_found.ts";
import { configMissing } from "./config_missing.ts";
import { containerNotCreated } from "./container_not_created.ts";
import { crashLoop } from "./crash_loop.ts";
import { initContainerFailing } from "./init_container_failing.ts";
import { oomKilled } from "./oom_killed.ts";

const RULES = [
  commandNotFound,
  configMissing,
  containerNotCreated,
  crashLoop,
  initContainerFailing,
  oomKilled,
];
const ids = (values: Parameters<typeof factsOf>[0]) =>
  RULES.filter(({ find }) => find(factsOf(values)).length > 0).map(({ id }) => id);
const log = (lines: readonly string[], container = "dev", name = "dev-0") => ({
  pod: name,
  namespace: "lab",
  container,
  previous: true,
  lines,
});

Deno.test("a container that ends again and again is told with the line of its log that tells", () => {
  const found = only(crashLoop, {
    pods: [looping({ exitCode: 1 })],
    podLogs: [log(["starting", "error: mkdir /data: no space left on device", "bye"])],
  });
  assert.equal(
    found.cause,
    "Container dev of pod lab/dev-0 ends again and again with exit code 1 (7 restarts); its log says: error: mkdir " +
      "/data: no space left on device",
  );
  assert.deepEqual(quotes(found), [
    "log of container dev of pod lab/dev-0, the run before: error: mkdir /data: no space left on device",
    `state of container dev of pod lab/dev-0 at ${ago(60)}: Error, exit code 1, 7 restarts`,
  ]);
  assert.deepEqual(commands(found), [
    "kubectl -n lab logs dev-0 -c dev --previous --tail=100",
    "kubectl -n lab describe pod dev-0",
  ]);
  assert.deepEqual(found.next[0]!.tool, {
    name: "get_pod_logs",
    arguments: { namespace: "lab", name: "dev-0", container: "dev", previous: true, tailLines: 100 },
  });
});

Deno.test("without its log, the exit code speaks", () => {
  assert.equal(
    only(crashLoop, { pods: [looping({ exitCode: 139 })] }).cause,
    "Container dev of pod lab/dev-0 ends again and again with exit code 139 (SIGSEGV) (7 restarts).",
  );
  assert.match(only(crashLoop, { pods: [looping({ exitCode: 150 })] }).cause, /150 \(signal 22\)/);
});

Deno.test("a command that is done is no error, and not what a workspace needs", () => {
  assert.equal(
    only(crashLoop, { pods: [looping({ exitCode: 0, reason: "Completed" })] }).cause,
    "Container dev of pod lab/dev-0 is done and ends again and again (7 restarts), though it is meant to stay: its " +
      "command ends with exit code 0.",
  );
});

Deno.test("the first end, and the end of a pod that is not started again", () => {
  const terminated = { exitCode: 2, reason: "Error", finishedAt: ago(3), startedAt: ago(5) };
  assert.match(
    only(crashLoop, { pods: [pod({ state: { terminated } })] }).cause,
    /has ended with exit code 2\.$/,
  );
  const failed = pod({ state: { terminated }, status: { phase: "Failed" } });
  const found = only(crashLoop, {
    pods: [{
      ...failed,
      status: {
        ...failed.status,
        containerStatuses: pod({ state: { terminated } }).status!.containerStatuses!,
      },
    }],
  });
  assert.match(found.cause, /has ended with exit code 2/);
  assert.equal(commands(found)[0], "kubectl -n lab logs dev-0 -c dev --tail=100");
});

Deno.test("pods of one Deployment that end alike are one cause, and share a log", () => {
  const owner = [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "dev-7f", uid: "1", controller: true }];
  const pods = ["dev-7f-a", "dev-7f-b"].map((name) =>
    looping({ exitCode: 1 }, { name, metadata: { ownerReferences: owner } })
  );
  const found = only(crashLoop, { pods, podLogs: [log(["error: no"], "dev", "dev-7f-b")] });
  assert.match(found.cause, /^Container dev of pods lab\/dev-7f-a and lab\/dev-7f-b ends .*error: no$/);
});

Deno.test("a container that runs is judged by how often it ended lately", () => {
  const running = (restartCount: number, seconds: number, ready = true) =>
    pod({
      state: { running: { startedAt: ago(seconds - 1) } },
      dev: { ready, restartCount, lastState: { terminated: { exitCode: 1, finishedAt: ago(seconds) } } },
    });
  assert.deepEqual(ids({ pods: [running(1, 30)] }), []);
  assert.deepEqual(ids({ pods: [running(1, 30, false)] }), []);
  assert.deepEqual(ids({ pods: [running(9, 86_400)] }), []);
  assert.deepEqual(ids({ pods: [running(3, 30)] }), ["crash-loop"]);
});

Deno.test("ends that have a better name are not called a crash loop", () => {
  assert.deepEqual(ids({ pods: [looping({ exitCode: 137, reason: "OOMKilled" })] }), ["oom-killed"]);
  assert.deepEqual(ids({ pods: [looping({ exitCode: 127 })] }), ["command-not-found"]);
  const killed = event("Killing", "Container dev failed liveness probe, will be restarted");
  assert.deepEqual(ids({ pods: [looping({ exitCode: 137 })], events: [killed] }), []);
  assert.deepEqual(
    ids({ pods: [waiting("ImagePullBackOff", "", { dev: { lastState: { terminated: { exitCode: 1 } } } })] }),
    [],
  );
});

Deno.test("a container without memory is told with its limit and when it was", () => {
  const found = only(oomKilled, {
    pods: [
      looping({ exitCode: 137, reason: "OOMKilled" }, {
        container: { resources: { limits: { memory: "256Mi" } } },
      }),
    ],
  });
  assert.equal(
    found.cause,
    `Container dev of pod lab/dev-0 was killed at ${
      ago(60)
    } for want of memory: its limit is 256Mi, 7 restarts so far.`,
  );
  assert.deepEqual(quotes(found), [
    `state of container dev of pod lab/dev-0 at ${ago(60)}: OOMKilled, exit code 137 (SIGKILL), 7 restarts`,
    "spec of pod lab/dev-0: container dev: memory limit 256Mi, request none",
  ]);
  assert.match(found.next[0]!.text, /more than 256Mi/);
  const node = only(oomKilled, { pods: [looping({ exitCode: 137, reason: "OOMKilled" })] });
  assert.match(node.cause, /its node had none left for it/);
});

Deno.test("one kill a while ago matters only while the agent is away", () => {
  const back = pod({
    dev: {
      ready: true,
      restartCount: 1,
      lastState: { terminated: { exitCode: 137, reason: "OOMKilled", finishedAt: ago(120) } },
    },
  });
  const build = (status: string) =>
    ({ agents: [{ name: "main", status } as AgentFacts] }) as unknown as BuildFacts;
  assert.deepEqual(oomKilled.find(factsOf({ pods: [back], build: build("connected") })), []);
  const found = only(oomKilled, { pods: [back], build: build("disconnected") });
  assert.deepEqual([found.confidence, /1 restart so far/.test(found.cause)], ["likely", true]);
});

const COMMANDS: readonly (readonly [reason: string, exitCode: number, message: string, says: RegExp])[] = [
  [
    "StartError",
    128,
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable " +
    'to start container process: error during container init: exec: "agent": executable file not found in $PATH: unknown',
    /its image has no agent\.$/,
  ],
  [
    "ContainerCannotRun",
    127,
    'OCI runtime create failed: container_linux.go:348: starting container process caused "exec: \\"./run.sh\\": stat ' +
    './run.sh: no such file or directory": unknown',
    /its image does not have it|no /,
  ],
  ["StartError", 128, "exec /bin/agent: exec format error", /it is for another processor/],
  ["StartError", 126, 'exec: "/init": permission denied', /it may not be executed\.$/],
  ["Error", 126, "", /it may not be executed\.$/],
  ["Error", 127, "", /its image does not have it\.$/],
];
for (const [reason, exitCode, message, says] of COMMANDS) {
  Deno.test(`a command that cannot be run: ${reason} ${exitCode} ${message.slice(-50)}`, () => {
    const values = { pods: [looping({ exitCode, reason, message })] };
    assert.deepEqual(ids(values), ["command-not-found"]);
    assert.match(
      only(commandNotFound, values).cause,
      /^The command of container dev of pod lab\/dev-0 cannot be run: /,
    );
    assert.match(only(commandNotFound, values).cause, says);
  });
}

Deno.test("the shell in the container says which command is missing", () => {
  const found = only(commandNotFound, {
    pods: [looping({ exitCode: 127 })],
    podLogs: [log(["sh: 1: curl: not found"])],
  });
  assert.match(found.cause, /its image has no curl\.$/);
  assert.equal(found.evidence[0]!.quote, "sh: 1: curl: not found");
});

Deno.test("a runtime that says it while the container waits, as CRI-O does", () => {
  const values = {
    pods: [
      waiting(
        "CreateContainerError",
        "container create failed: executable file `agent` not found in $PATH: No such file or directory",
      ),
    ],
    events: [],
  };
  assert.deepEqual(ids(values), ["command-not-found"]);
  assert.match(
    quotes(only(commandNotFound, values))[0]!,
    /^status of pod lab\/dev-0 at .*CreateContainerError/,
  );
});

const MISSING: readonly (readonly [message: string, cause: string, command: string])[] = [
  [
    'secret "db" not found',
    "The Secret lab/db, which container dev of pod lab/dev-0 needs, does not exist.",
    "kubectl -n lab create secret generic db --from-file=KEY=/dev/stdin",
  ],
  [
    'configmap "settings" not found',
    "The ConfigMap lab/settings, which container dev of pod lab/dev-0 needs, does not exist.",
    "kubectl -n lab create configmap settings --from-file=KEY=FILE",
  ],
  [
    "couldn't find key url in Secret lab/db",
    "The Secret lab/db has no key url, which container dev of pod lab/dev-0 needs.",
    "kubectl -n lab edit secret db",
  ],
  [
    "couldn't find key mode in ConfigMap lab/settings",
    "The ConfigMap lab/settings has no key mode, which container dev of pod lab/dev-0 needs.",
    "kubectl -n lab edit configmap settings",
  ],
];
for (const [message, cause, command] of MISSING) {
  Deno.test(`what the settings name and is not there: ${message}`, () => {
    const values = {
      pods: [waiting("CreateContainerConfigError", message)],
      events: [event("Failed", `Error: ${message}`)],
    };
    assert.deepEqual(ids(values), ["config-missing"]);
    const found = only(configMissing, values);
    assert.equal(found.cause, cause);
    assert.equal(commands(found)[0], command);
    assert.match(
      quotes(found)[0]!,
      /^status of pod lab\/dev-0 at 2026-11-22T08:00:00Z: CreateContainerConfigError: /,
    );
    assert.match(quotes(found)[1]!, /^event of pod lab\/dev-0 at 2026-11-22T07:59:30Z: Failed: Error: /);
  });
}

const REFUSED: readonly (readonly [reason: string, message: string, says: RegExp])[] = [
  [
    "CreateContainerConfigError",
    'container has runAsNonRoot and image will run as root (pod: "dev-0_lab(1)", container: dev)',
    /must not run as root, and its image runs as root\.$/,
  ],
  [
    "CreateContainerConfigError",
    "container has runAsNonRoot and image has non-numeric user (coder), cannot verify user is non-root",
    /names its user by a name/,
  ],
  [
    "CreateContainerConfigError",
    'failed to prepare subPath for volumeMount "home" of container "dev"',
    /a path inside a volume/,
  ],
  ["CreateContainerError", "context deadline exceeded", /context deadline exceeded\.$/],
  ["RunContainerError", "x".repeat(300), /see its words\.$/],
];
for (const [reason, message, says] of REFUSED) {
  Deno.test(`what the node refuses to make: ${message.slice(0, 60)}`, () => {
    const values = { pods: [waiting(reason, message)], events: [] };
    assert.deepEqual(ids(values), ["container-not-created"]);
    assert.match(only(containerNotCreated, values).cause, says);
  });
}

const init = (end: object) =>
  pod({
    spec: { initContainers: [{ name: "clone", image: "alpine/git" }] },
    state: { waiting: { reason: "PodInitializing" } },
    status: {
      phase: "Pending",
      conditions: [],
      initContainerStatuses: [{
        name: "clone",
        image: "",
        imageID: "",
        ready: false,
        restartCount: 4,
        state: { waiting: { reason: "CrashLoopBackOff" } },
        lastState: { terminated: { exitCode: 128, reason: "Error", finishedAt: ago(20), ...end } },
      }],
      containerStatuses: [],
    },
  });

Deno.test("an init container that fails keeps the others from starting", () => {
  const values = { pods: [init({})], podLogs: [log(["fatal: repository not found"], "clone")] };
  assert.deepEqual(ids(values), ["init-container-failing"]);
  const found = only(initContainerFailing, values);
  assert.equal(
    found.cause,
    "Init container clone of pod lab/dev-0 fails with exit code 128, so that its other containers do not start; its " +
      "log says: fatal: repository not found",
  );
  assert.equal(commands(found)[0], "kubectl -n lab logs dev-0 -c clone --previous --tail=100");
  assert.deepEqual(ids({ pods: [init({ exitCode: 0 })] }), []);
  assert.deepEqual(ids({ pods: [init({ reason: "OOMKilled", exitCode: 137 })] }), ["oom-killed"]);
});

for (const rule of RULES as Rule[]) {
  Deno.test(`${rule.id} is silent where all is well and where nothing was read`, () => {
    assert.deepEqual(
      rule.find(factsOf({ pods: [pod()], events: [], podLogs: [log(["error: of yesterday"])] })),
      [],
    );
    assert.deepEqual(rule.find(unreadFacts(rule)), []);
  });
}
