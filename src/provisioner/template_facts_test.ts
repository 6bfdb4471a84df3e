import assert from "node:assert/strict";
import type { Deployment } from "../api/kubernetes/types.ts";
import { h32 } from "../workload/hash.ts";
import { decideTemplate, type TemplateDecision } from "../workload/template_decision.ts";
import { secretView, templateChecksum } from "./keys/mod.ts";
import { desiredDeployment } from "./children.ts";
import { podTemplate, RENDERING, templateInputs } from "./pod_template.ts";
import {
  isSettled,
  type KnownFacts,
  liveChecksum,
  liveImage,
  recordedFacts,
  templateFacts,
} from "./template_facts.ts";
import { LABELS, provisioner, type SpecInput } from "./testing.ts";

const KEY = "secret-key";
const place = { name: "prov-provisioner-key", key: "key" };

/** As the Go operator leaves it, with what the API server adds. */
const goDeployment: Deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "provisioner-prov", namespace: "a", labels: LABELS },
  spec: {
    replicas: 1,
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS, annotations: { "checksum/provisioner-key": h32(KEY) } },
      spec: {
        serviceAccountName: "prov-provisioner",
        serviceAccount: "prov-provisioner",
        containers: [{
          name: "provisioner",
          image: "coder:v2.30.0",
          command: ["coder"],
          args: ["provisioner", "start"],
          env: [
            { name: "CODER_URL", value: "https://coder.a.svc.cluster.local:443" },
            { name: "CODER_PROVISIONER_DAEMON_KEY", valueFrom: { secretKeyRef: place } },
          ],
          imagePullPolicy: "IfNotPresent",
          resources: {},
          terminationMessagePath: "/dev/termination-log",
          terminationMessagePolicy: "File",
        }],
        restartPolicy: "Always",
        terminationGracePeriodSeconds: 600,
        dnsPolicy: "ClusterFirst",
        securityContext: {},
        schedulerName: "default-scheduler",
      },
    },
  },
};

/** SHA-256. */
function valueHash(value: string): string {
  const view = secretView(value);
  assert.ok(view.state === "held");
  return view.valueHash;
}

/** What is known where all is well. */
function all(live: Deployment | undefined, value = KEY): Required<KnownFacts> {
  const checksum = { valueHash: valueHash(value), legacy: h32(value) };
  return {
    url: "http://coder.a.svc.cluster.local:80",
    image: "coder:v2.30.0",
    key: { ...place, checksum: templateChecksum(checksum, liveChecksum(live)) },
  };
}

function settled(spec: SpecInput = {}, generation = 2) {
  return { ...provisioner(spec, { generation }), status: { observedGeneration: 2 } };
}

/** A pass: the decision, and the Deployment as it is afterwards. */
function pass(
  live: Deployment | undefined,
  known: KnownFacts,
  { spec = {}, generation = 2 }: { spec?: SpecInput; generation?: number } = {},
): { decision: TemplateDecision; stored: Deployment } {
  const object = settled(spec, generation);
  const facts = templateFacts(object, known, live);
  assert.ok(facts !== undefined, "the pods there are say what is not known");
  const recorded = recordedFacts(object, known, live);
  const inputs = templateInputs(object, facts.key);
  const rendered = podTemplate(object, facts);
  const kept = live?.metadata.annotations?.["coder.com/template-rendering"];
  const decision = decideTemplate({
    live,
    facts: { scaled: false, ...(kept?.startsWith("kept:") && { keptTemplate: kept.slice(5) }) },
    rendered,
    inputs,
    recorded,
    rendering: RENDERING,
    settled: isSettled(object, live, facts),
    upgradeNow: false,
  });
  const stored = desiredDeployment(object, {
    template: decision.keep ? live?.spec?.template : rendered,
    replicas: 1,
    inputs,
    rendering: decision.keep ? "kept:1" : decision.rendering,
    recorded,
    strategy: undefined,
  });
  return { decision, stored };
}

Deno.test("pods of the Go operator go on as they are, and it is said what they miss", () => {
  const { decision } = pass(goDeployment, all(goDeployment));
  assert.ok(decision.keep && decision.setAside);
  assert.deepEqual(decision.pending.filter((each) => !each.startsWith("adds ")), [
    "changes containers[name=provisioner].command[0]",
    "changes containers[name=provisioner].env[name=CODER_URL].value",
  ]);
});

Deno.test("pods of the Go operator go on while nothing is known, and when it is known again", () => {
  const first = pass(goDeployment, {});
  assert.ok(first.decision.keep);
  const second = pass(first.stored, all(first.stored));
  assert.ok(second.decision.keep);
  const third = pass(second.stored, {});
  assert.ok(third.decision.keep);
  assert.deepEqual(third.stored.metadata.annotations, second.stored.metadata.annotations);
});

Deno.test("pods of the Go operator are replaced where the spec, the key or the image is another one", () => {
  const replaced = (known: Partial<KnownFacts>, more?: Parameters<typeof pass>[2]) =>
    !pass(goDeployment, { ...all(goDeployment), ...known }, more).decision.keep;
  assert.equal(replaced({}), false);
  assert.equal(replaced({ key: all(goDeployment, "other").key }), true);
  assert.equal(replaced({ image: "coder:v2.31.0" }), true);
  assert.equal(replaced({}, { generation: 3, spec: { extraArgs: ["--verbose"] } }), true);
  assert.equal(replaced({ url: "http://elsewhere:80" }), false);
});

Deno.test("kept pods are replaced once the key, the image, the address or the spec changes", () => {
  const { stored } = pass(goDeployment, all(goDeployment));
  const keeps = (known: Partial<KnownFacts>, spec?: SpecInput) =>
    pass(stored, { ...all(stored), ...known }, { ...(spec && { spec, generation: 3 }) }).decision.keep;
  assert.equal(keeps({}), true);
  assert.equal(keeps({}, { replicas: 5, tags: { a: "b" } }), true);
  assert.equal(keeps({ key: all(stored, "other").key }), false);
  assert.equal(keeps({ image: "coder:v2.31.0" }), false);
  assert.equal(keeps({ url: "http://coder.a.svc.cluster.local:8080" }), false);
  assert.equal(keeps({}, { resources: { limits: { cpu: "1" } } }), false);
});

Deno.test("pods of this version change with what they are made from, and only then", () => {
  const made = pass(undefined, all(undefined));
  assert.deepEqual(made.decision, { keep: false, rendering: RENDERING, takeBack: false });
  const again = pass(made.stored, all(made.stored));
  assert.deepEqual(again.stored, made.stored);
  const rotated = pass(made.stored, all(made.stored, "other"));
  assert.equal(liveChecksum(rotated.stored), valueHash("other"));
});

Deno.test("while control plane and key are in trouble, the spec is followed with what was known last", () => {
  const { stored } = pass(undefined, all(undefined));
  assert.deepEqual(pass(stored, {}).stored, stored);
  const changed = pass(stored, {}, { spec: { extraArgs: ["--verbose"] } }).stored;
  const [container] = changed.spec?.template.spec?.containers ?? [];
  assert.deepEqual(container?.args, ["provisioner", "start", "--verbose"]);
  assert.deepEqual(container?.env, stored.spec?.template.spec?.containers[0]?.env);
  assert.equal(liveImage(changed), "coder:v2.30.0");
  assert.equal(liveChecksum(changed), liveChecksum(stored));
});

Deno.test("an image that the spec names needs no control plane to say one", () => {
  const { stored } = pass(undefined, all(undefined), { spec: { image: "mirror/coder:v2" } });
  assert.equal(liveImage(stored), "mirror/coder:v2");
  assert.equal(stored.metadata.annotations?.["coder.com/control-plane-image"], undefined);
  const later = pass(stored, { image: "coder:v3" }, { spec: { image: "mirror/coder:v2" } });
  assert.deepEqual(later.stored, stored);
});

Deno.test("pods go on with the key that they have until the next one may be used", () => {
  const { stored } = pass(undefined, all(undefined));
  const moved = { spec: { key: { existingSecret: "mine" } } };
  const { key: _, ...withoutKey } = all(stored);
  assert.deepEqual(pass(stored, withoutKey, moved).stored, stored);
  const ready = { ...withoutKey, key: { name: "mine", key: "key", checksum: "c" } };
  const [container] = pass(stored, ready, moved).stored.spec?.template.spec?.containers ?? [];
  assert.deepEqual(container?.env?.[1]?.valueFrom?.secretKeyRef, { name: "mine", key: "key" });
});

Deno.test("a key that the user gives in the environment leaves the place where it would be", () => {
  const extraEnv = [{ name: "CODER_PROVISIONER_DAEMON_KEY", value: "mine" }];
  const { stored } = pass(undefined, all(undefined), { spec: { extraEnv } });
  assert.deepEqual(pass(stored, {}, { spec: { extraEnv } }).stored, stored);
});

Deno.test("there are no pods before address, image and key have been known once", () => {
  const complete = all(undefined);
  assert.notEqual(templateFacts(provisioner(), complete, undefined), undefined);
  for (const field of ["url", "image", "key"] as const) {
    const { [field]: _, ...rest } = complete;
    assert.equal(templateFacts(provisioner(), rest, undefined), undefined, field);
  }
  const named = provisioner({ image: "mirror/coder:v2" });
  assert.equal(
    templateFacts(named, { url: complete.url, key: complete.key }, undefined)?.image,
    "mirror/coder:v2",
  );
});

Deno.test("a Deployment that says nothing tells nothing", () => {
  const empty = { ...goDeployment, spec: { selector: {}, template: {} } };
  assert.equal(templateFacts(provisioner(), {}, empty), undefined);
  assert.deepEqual(recordedFacts(provisioner(), {}, empty), {});
  assert.deepEqual([liveImage(empty), liveChecksum(empty)], [undefined, undefined]);
});

Deno.test("a status that nobody wrote settles nothing", () => {
  const facts = templateFacts(settled(), all(goDeployment), goDeployment)!;
  assert.equal(isSettled(settled(), goDeployment, facts), true);
  assert.equal(isSettled(provisioner({}, { generation: 2 }), goDeployment, facts), false);
  assert.equal(isSettled(settled({}, 3), goDeployment, facts), false);
});
