/** Whatever could not be read, and whatever others wrote: no rule throws, and what is well has no cause. */
import assert from "node:assert/strict";
import type { CoderWorkspace } from "../../../api/workspace.ts";
import { below, pick, seededRandom } from "../../../telemetry/testing/random.ts";
import { conclude, MISTAKE } from "../../engine.ts";
import type { FactName, Facts } from "../../facts.ts";
import type { Seen } from "../../seen.ts";
import { RULES } from "../mod.ts";
import { BUILD_RULES } from "./mod.ts";
import { agent, ago, build, daemon, failed, object, pending, refused, seen, UNREAD } from "./testing.ts";

type Random = () => number;

const RUNS = 300;
const LOG = [{ at: ago(40), level: "error", stage: "Starting workspace", text: "Error: no such thing" }];
const stop = { transition: "stop", status: "stopped", agents: [], reason: "autostop" };

/** Workspaces that are as they should be, or on their way. */
const WELL: readonly Facts[] = [
  seen({ workspace: object(), build: build(), pods: [], events: [] }),
  seen({ workspace: object(), build: build({ agents: [] }) }),
  seen({ workspace: object({ latestBuildStatus: "stopped" }), build: build(stop) }),
  seen({
    workspace: object({ latestBuildStatus: "pending" }),
    build: pending(2),
    daemons: [daemon()],
    jobs: [],
  }),
  seen({
    workspace: object({ latestBuildStatus: "starting" }),
    build: build({
      status: "starting",
      agents: [agent({ status: "connecting", createdAt: ago(5) })],
      job: { status: "running", startedAt: ago(19), completedAt: undefined },
    }),
    pods: [],
  }),
  seen({
    workspace: object(),
    build: build({
      agents: [
        agent({ lifecycle: "starting" }),
        agent({ name: "b", status: "connecting", createdAt: ago(30) }),
      ],
    }),
  }),
];

/** Workspaces in all kinds of trouble. */
const TROUBLED: readonly Facts[] = [
  seen({
    workspace: object(refused("parameter x is required")),
    build: pending(900),
    daemons: [],
    provisioners: [],
  }),
  seen({ build: pending(900), daemons: [daemon({ status: "busy" })], jobs: [] }),
  seen({ workspace: object(), build: failed("terraform apply: exit status 1"), buildLog: LOG, pods: [] }),
  seen({ build: failed("insufficient quota"), quota: { consumed: 3, budget: 3 }, buildLog: [] }),
  seen({ build: failed("x", { canceledAt: ago(3) }) }),
  seen({
    build: build({
      agents: [
        agent({ status: "timeout" }),
        agent({ status: "disconnected" }),
        agent({ lifecycle: "start_error" }),
        agent({ apps: [{ slug: "x", health: "unhealthy" }] }),
      ],
      workspace: { dormantAt: ago(9) },
    }),
    agentLog: LOG,
    pods: [],
  }),
];

const NOTHING: readonly (Seen<never> | undefined)[] = [UNREAD, { state: "absent" }, undefined, {
  ...UNREAD,
  kind: "timeout",
} as Seen<never>];

/** Some of the facts are not known. */
function blurred(random: Random, facts: Facts): Facts {
  const names = Object.keys(facts).filter((name): name is FactName => name !== "subject" && name !== "now");
  const gone = names.filter(() => random() < 0.4).map((name) => [name, pick(random, NOTHING)]);
  return { ...facts, ...Object.fromEntries(gone) };
}

/** Parts of an object are something else. */
function mangled(random: Random, value: unknown): unknown {
  if (random() < 0.12) {
    return pick<unknown>(random, [null, undefined, 7, "", "x".repeat(9), [], {}, [null], true]);
  }
  if (Array.isArray(value)) return value.map((item) => mangled(random, item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mangled(random, item)]));
}

function check(facts: Facts, seed: number): ReturnType<typeof conclude> {
  const concluded = conclude(facts, RULES);
  const mistakes = concluded.notSeen.filter(({ why }) => why === MISTAKE);
  assert.deepEqual(mistakes, [], `seed ${seed}`);
  assert.ok(concluded.state.endsWith("."), `seed ${seed}: ${concluded.state}`);
  return concluded;
}

Deno.test("no subset of what can be read is a cause where the workspace is well", () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    const random = seededRandom(seed);
    const facts = blurred(random, WELL[below(random, WELL.length)]!);
    assert.deepEqual(check(facts, seed).causes, [], `seed ${seed}`);
  }
});

Deno.test("no subset of what can be read makes a rule throw, and every cause has evidence and a next step", () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    const random = seededRandom(seed);
    const facts = blurred(random, TROUBLED[below(random, TROUBLED.length)]!);
    const { causes, healthy } = check(facts, seed);
    assert.equal(healthy && causes.length > 0, false, `seed ${seed}`);
    for (const { rule, evidence, next } of causes) {
      assert.ok(evidence.length > 0 && next.length > 0, `seed ${seed}: ${rule}`);
    }
  }
});

Deno.test("an aggregated object of any shape is no reason to fail", () => {
  const troubled = object({
    ...refused("the version is archived"),
    dormantAt: ago(9),
    agents: [{
      id: "1",
      name: "main",
      status: "timeout",
      healthy: false,
      apps: [{ slug: "a", health: "unhealthy" }],
    }],
  });
  for (let seed = 1; seed <= RUNS; seed++) {
    const strange = mangled(seededRandom(seed), troubled) as CoderWorkspace;
    check(seen({ workspace: strange }), seed);
  }
});

Deno.test("each rule is in the list once, and explains rules that there are", () => {
  const ids = RULES.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const { id, explains = [], subjects } of BUILD_RULES) {
    assert.deepEqual(explains.filter((other) => !ids.includes(other)), [], id);
    assert.deepEqual(subjects, ["workspace"], id);
  }
});
