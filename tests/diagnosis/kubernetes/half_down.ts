/** What a diagnosis says while half of what it asks hangs, and to those who may not see all. */
import assert from "node:assert/strict";
import {
  type Diagnosis,
  NoSubjectError,
  type Subject,
  type SubjectKind,
} from "../../../src/diagnosis/mod.ts";
import { serviceAccountUser } from "../../cluster/mod.ts";
import { untilAllowed } from "../../deploy/access.ts";
import { ask, askUntil, assertNamed, told } from "../proof.ts";
import type { Step } from "../prove.ts";
import type { Ground } from "./ground.ts";
import { KUBERNETES_SIDE } from "./mod.ts";
import type { Lab } from "./lab.ts";
import { PEOPLE } from "./names.ts";

/** What the API server does not answer for. */
const HUNG: readonly (readonly [what: string, resources: readonly string[], named: RegExp])[] = [
  ["pods", ["pods"], /pods/],
  ["events", ["events"], /events/],
  ["Deployments, Services and Secrets", ["deployments", "services", "secrets"], /Deployment|Service|Secret/],
  ["all but the subject", [], /./],
];
const OWN = ["codercontrolplanes", "coderprovisioners", "coderworkspaces"];

interface Broken {
  readonly lab: Lab;
  readonly subject: Subject;
}

async function broken(ground: Ground, id: string): Promise<Broken> {
  const failure = KUBERNETES_SIDE.find((one) => one.id === id);
  assert.ok(failure, id);
  const lab = await ground.lab();
  await failure.prepare?.(lab, "one");
  const name = await failure.inject(lab, "one");
  return { lab, subject: { kind: failure.subject, namespace: lab.namespace, name } };
}

const BROKEN: Readonly<Record<Exclude<SubjectKind, "proxy">, string>> = {
  controlplane: "crash-loop",
  workspace: "image-not-found",
  provisioner: "provisioner-crash-loop",
};

/** Labs that `halfDown` needs. */
export const HALF_DOWN_LABS = 3;

/** An API server that hangs for some kinds, a Coder that hangs, a caller of few rights: for each kind of subject. */
export function halfDown(ground: Ground): Step[] {
  return Object.entries(BROKEN).map(([kind, id]) => ({
    id: `half-down-${kind}`,
    name: `half down: a ${kind} is diagnosed in time, and nothing is guessed`,
    async run() {
      const { lab, subject } = await broken(ground, id);
      const failure = KUBERNETES_SIDE.find((one) => one.id === id)!;
      const proves = (diagnosis: Diagnosis) => assertNamed(diagnosis, [failure]);
      const whole = await askUntil(proves, subject, lab.world("admin"), lab.planted);
      const known = new Set(whole.causes.map(({ rule }) => rule));
      await hungApiServer(ground, lab, subject, known);
      await hungCoder(lab, subject, id);
      await fewRights(ground, lab, subject);
    },
  }));
}

async function hungApiServer(ground: Ground, lab: Lab, subject: Subject, known: ReadonlySet<string>) {
  const rig = await ground.cluster.newFaults();
  using caller = await ground.as("viewer", rig);
  const world = { ...lab.world("viewer"), cluster: caller.cluster };
  for (const [what, resources, named] of HUNG) {
    using frozen = rig.freeze({
      when: ({ resource = "" }) =>
        resources.length === 0 ? !OWN.includes(resource) : resources.includes(resource),
    });
    // However long all this takes, its agent has time left.
    if (subject.kind === "workspace") lab.waitingAgent("one", 0);
    const diagnosis = await ask(subject, world, lab.planted);
    const about = `${what} hang for ${subject.kind}: ${told(diagnosis)}`;
    assert.ok(diagnosis.causes.every(({ rule }) => known.has(rule)), about);
    // A look that nobody needed is not missed: only what was asked for and hung is told.
    if (frozen.hits === 0) continue;
    assert.ok(diagnosis.notSeen.some((one) => named.test(one.what)), about);
    assert.ok(diagnosis.notSeen.every(({ why }) => why !== ""), about);
    // An agent that has time left to connect is well, as far as can be seen.
    if (subject.kind !== "workspace") assert.equal(diagnosis.healthy, false, about);
  }
}

async function hungCoder(lab: Lab, subject: Subject, id: string) {
  const { rule } = KUBERNETES_SIDE.find((one) => one.id === id)!;
  lab.away.clear();
  const mend = lab.coder.faults.add({ times: Infinity, action: { do: "hang" } });
  await askUntil(
    (diagnosis) => {
      const isMissed = diagnosis.notSeen.some(({ what }) => /Coder|coderworkspace|daemons/.test(what));
      assert.ok(isMissed, told(diagnosis));
      assert.ok(diagnosis.causes.some((cause) => cause.rule === rule), told(diagnosis));
    },
    subject,
    lab.world("viewer"),
    lab.planted,
  );
  mend();
}

async function fewRights(ground: Ground, lab: Lab, subject: Subject) {
  using caller = await ground.as("guest");
  const world = { ...lab.world("viewer"), cluster: caller.cluster };
  await assert.rejects(
    ask(subject, world, lab.planted),
    (error) => error instanceof NoSubjectError && error.code === "forbidden",
  );
  await lab.allowOwn("guest", OWN);
  const { namespace } = lab;
  await untilAllowed(ground.cluster, serviceAccountUser({ namespace: PEOPLE, name: "guest" }), [
    { verb: "get", group: "coder.com", resource: "coderprovisioners", namespace },
  ]);
  const diagnosis = await askUntil(
    (diagnosis) => {
      const isRefused = diagnosis.notSeen.some(({ what, why }) =>
        /pods/i.test(what) && /forbidden/i.test(why)
      );
      assert.ok(isRefused, told(diagnosis));
    },
    subject,
    world,
    lab.planted,
  );
  const guessed = diagnosis.causes.flatMap(({ evidence }) => evidence)
    .filter(({ source }) => /\bpod\b|event|container/i.test(source));
  assert.deepEqual(guessed, []);
  if (subject.kind !== "workspace") assert.equal(diagnosis.healthy, false, told(diagnosis));
}
