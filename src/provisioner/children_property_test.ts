/** Random specs: what the API server demands of a Deployment, and what the hash of its inputs promises, always holds. */
import assert from "node:assert/strict";
import type { CoderProvisioner, Provisioner } from "../api/provisioner.ts";
import { parseProvisioner } from "../api/provisioner.ts";
import { canonicalJson } from "../kube/apply/canonical_json.ts";
import { below, pick, seededRandom, text } from "../telemetry/testing/random.ts";
import { templateDifferences } from "../workload/template_differences.ts";
import { childName, desiredDeployment, desiredServiceAccount, keySecretRef } from "./children.ts";
import { podTemplate, RENDERING, type TemplateFacts, templateInputs } from "./pod_template.ts";
import { recordedFacts, templateFacts } from "./template_facts.ts";
import { storedProvisioner } from "./testing.ts";

type Random = () => number;
type Spec = NonNullable<CoderProvisioner["spec"]>;

const RUNS = 400;
const LABEL = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const ENV_NAMES = [
  "CODER_URL",
  "CODER_PROVISIONER_DAEMON_KEY",
  "CODER_PROVISIONER_DAEMON_NAME",
  "A",
  "B",
  "C",
];

function some<T>(random: Random, make: () => T, most = 3): T[] {
  return Array.from({ length: below(random, most + 1) }, make);
}

function map(random: Random): Record<string, string> {
  return Object.fromEntries(
    some(random, () => [pick(random, ["a", "b", "x/c"]), pick(random, ["1", "", "z"])]),
  );
}

function name(random: Random): string {
  const plain = text(random, 1 + below(random, 90), "abcxyz0189");
  return random() < 0.2
    ? `${plain}.${text(random, 1 + below(random, 90), "abc-")}z`.replace(".-", ".a")
    : plain;
}

function envVar(random: Random) {
  const name = pick(random, ENV_NAMES);
  return pick(random, [
    { name, value: pick(random, ["1", "", "$(A)x", "$(CODER_URL)/y", `$(${name})`]) },
    { name, valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
  ]);
}

/** Makers of one value for each field; those of the first group shape the pods. */
const shaping: { readonly [F in keyof Spec]?: (random: Random) => Spec[F] } = {
  image: (random) => pick(random, ["", "mirror/coder:v2", "coder:v3"]),
  extraArgs: (random) => some(random, () => pick(random, ["--verbose", "-x"])),
  extraEnv: (random) => some(random, () => envVar(random), 5),
  imagePullSecrets: (random) => some(random, () => ({ name: pick(random, ["p", "q"]) })),
  resources: (random) => pick(random, [{ limits: { cpu: "1" } }, { requests: { memory: "1Gi" } }]),
  terminationGracePeriodSeconds: (random) => below(random, 3) * 300,
  serviceAccount: (random) => ({ name: pick(random, ["", "builds", "other"]), labels: map(random) }),
  command: (random) => some(random, () => "sh", 1),
  args: (random) => some(random, () => pick(random, ["provisioner", "start"])),
  envFrom: (random) => some(random, () => ({ configMapRef: { name: pick(random, ["e", "f"]) } })),
  volumes: (random) => some(random, () => ({ name: "v", emptyDir: {} }), 1),
  volumeMounts: (random) => some(random, () => ({ name: "v", mountPath: "/v" }), 1),
  initContainers: (random) => some(random, () => ({ name: "i", image: "busybox" }), 1),
  lifecycle: (random) => ({ preStop: { sleep: { seconds: 1 + below(random, 2) } } }),
  securityContext: (random) => ({ runAsUser: 1 + below(random, 2) }),
  podSecurityContext: (random) => pick(random, [{ fsGroup: 1 }, { runAsUser: 0 }, { runAsNonRoot: true }]),
  podLabels: (random) => ({ ...map(random), "app.kubernetes.io/name": "mine" }),
  podAnnotations: map,
  priorityClassName: (random) => pick(random, ["", "high"]),
  hostAliases: (random) => some(random, () => ({ ip: "10.0.0.1" }), 1),
  nodeSelector: map,
  tolerations: (random) => some(random, () => ({ key: "t" }), 1),
  topologySpreadConstraints: (random) =>
    some(random, () => ({ maxSkew: 1, topologyKey: "rack", whenUnsatisfiable: "ScheduleAnyway" }), 1),
  affinity: (random) => pick(random, [{ podAffinity: {} }, { nodeAffinity: {} }]),
};
const others: { readonly [F in keyof Spec]?: (random: Random) => Spec[F] } = {
  organizationName: (random) => pick(random, ["", "eng"]),
  key: (random) => ({ name: pick(random, ["", "k"]), rotateAfter: "2160h" }),
  replicas: (random) => below(random, 5),
  autoscale: (random) => ({ maxReplicas: 1 + below(random, 5) }),
  tags: map,
  strategy: () => ({ type: "Recreate" }),
};

function randomSpec(random: Random): Partial<Spec> {
  const makers = Object.entries({ ...shaping, ...others }) as [string, (random: Random) => unknown][];
  return Object.fromEntries(
    makers.filter(() => random() < 0.4).map(([field, make]) => [field, make(random)]),
  );
}

function randomFacts(random: Random, provisioner: Provisioner): TemplateFacts {
  return {
    url: pick(random, ["http://coder.a.svc.cluster.local:80", "http://[fd00::1]:8080/base"]),
    image: "coder:v2.30.0",
    key: pick(random, [keySecretRef(provisioner), { name: "mine", key: "token" }]),
    checksum: pick(random, [undefined, "c0ffee"]),
  };
}

/** The same with every map in another order. */
function shuffled<T>(random: Random, value: T): T {
  if (Array.isArray(value)) return value.map((each) => shuffled(random, each)) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map((entry) => [random(), entry] as const).sort(([a], [b]) => a - b);
  return Object.fromEntries(entries.map(([, [field, each]]) => [field, shuffled(random, each)])) as T;
}

function eachRun(check: (random: Random, spec: Partial<Spec>, provisioner: Provisioner) => void): void {
  for (let seed = 1; seed <= RUNS; seed++) {
    const random = seededRandom(seed);
    const spec = randomSpec(random);
    const provisioner = parseProvisioner(storedProvisioner(spec, { name: name(random) }));
    try {
      check(random, spec, provisioner);
    } catch (error) {
      throw new Error(`seed ${seed}: ${JSON.stringify(spec)}`, { cause: error });
    }
  }
}

Deno.test("whatever the spec, the API server can store the Deployment and the ServiceAccount", () => {
  eachRun((random, _, provisioner) => {
    const facts = randomFacts(random, provisioner);
    const template = podTemplate(provisioner, facts);
    const deployment = desiredDeployment(provisioner, {
      template,
      replicas: 1,
      inputs: templateInputs(provisioner, facts.key),
      rendering: RENDERING,
      recorded: recordedFacts(provisioner, { url: facts.url }, undefined),
      strategy: provisioner.spec.strategy,
    });
    const account = desiredServiceAccount(provisioner);
    for (const object of [deployment, account]) {
      assert.deepEqual(JSON.parse(JSON.stringify(object)), object, "nothing is undefined");
      const given = object?.metadata.name ?? "";
      assert.ok(given.length <= 63 && SUBDOMAIN.test(given), given);
    }
    const selector = deployment.spec?.selector.matchLabels ?? {};
    assert.equal(Object.keys(selector).length, 3);
    for (const [label, value] of Object.entries(selector)) {
      assert.equal(template.metadata?.labels?.[label], value);
      assert.ok(value.length <= 63 && LABEL.test(value), value);
    }
    const [container, ...more] = template.spec?.containers ?? [];
    assert.equal(more.length, 0);
    const names = container?.env?.map(({ name }) => name) ?? [];
    assert.equal(new Set(names).size, names.length);
    assert.ok(names.includes("CODER_URL") && names.includes("CODER_PROVISIONER_DAEMON_KEY"));
    const pulls = template.spec?.imagePullSecrets?.map(({ name }) => name) ?? [];
    assert.equal(new Set(pulls).size, pulls.length);
    assert.notEqual(container?.image ?? "", "");
  });
});

Deno.test("pods whose daemons are named after them have names that Coder takes", () => {
  eachRun((random, _, provisioner) => {
    const [container] = podTemplate(provisioner, randomFacts(random, provisioner)).spec?.containers ?? [];
    const named = container?.env?.find(({ name }) => name === "CODER_PROVISIONER_DAEMON_NAME");
    if (named?.valueFrom?.fieldRef === undefined) return;
    // As the controllers of Kubernetes do it: the ReplicaSet's hash, then five characters more, 63 in all.
    const pod = `${`${childName(provisioner)}-${text(random, 10, "bcdf2")}-`.slice(0, 58)}zxvwb`;
    assert.match(pod, /^[a-zA-Z0-9][a-zA-Z0-9-]{0,61}[a-zA-Z0-9]$/);
  });
});

Deno.test("the order of fields changes neither the hash nor the pods", () => {
  eachRun((random, spec, provisioner) => {
    const facts = randomFacts(random, provisioner);
    const same = parseProvisioner(
      storedProvisioner(shuffled(random, spec), { name: provisioner.metadata.name ?? "" }),
    );
    assert.equal(templateInputs(same, facts.key), templateInputs(provisioner, facts.key));
    assert.equal(canonicalJson(podTemplate(same, facts)), canonicalJson(podTemplate(provisioner, facts)));
  });
});

Deno.test("pods that differ have hashes that differ, and a field that shapes no pods changes no hash", () => {
  let differences = 0;
  eachRun((random, spec, provisioner) => {
    const facts = randomFacts(random, provisioner);
    const changed = (makers: typeof shaping) => {
      const [field, make] = pick(random, Object.entries(makers)) as [string, (random: Random) => unknown];
      const next = { ...spec, [field]: make(random) };
      return parseProvisioner(storedProvisioner(next, { name: provisioner.metadata.name ?? "" }));
    };
    const rendered = canonicalJson(podTemplate(provisioner, facts));
    const hash = templateInputs(provisioner, facts.key);
    const shaped = changed(shaping);
    if (canonicalJson(podTemplate(shaped, facts)) !== rendered) {
      differences++;
      assert.notEqual(templateInputs(shaped, facts.key), hash);
    }
    const other = changed(others);
    assert.equal(canonicalJson(podTemplate(other, facts)), rendered);
    assert.equal(templateInputs(other, facts.key), hash);
  });
  assert.ok(differences > RUNS / 4, `only ${differences} changes`);
});

Deno.test("what was applied is what is found again, without anything known but the Deployment", () => {
  eachRun((random, spec, provisioner) => {
    if (spec.extraEnv?.some(({ name }) => ENV_NAMES.slice(0, 2).includes(name))) return;
    const facts = randomFacts(random, provisioner);
    const key = facts.checksum === undefined ? undefined : { ...facts.key, checksum: facts.checksum };
    const known = { url: facts.url, image: facts.image, key };
    const template = podTemplate(provisioner, facts);
    const live = desiredDeployment(provisioner, {
      template,
      replicas: 1,
      inputs: templateInputs(provisioner, facts.key),
      rendering: RENDERING,
      recorded: recordedFacts(provisioner, known, undefined),
      strategy: undefined,
    });
    const found = templateFacts(provisioner, {}, live);
    assert.ok(found !== undefined);
    assert.deepEqual(templateDifferences(template, podTemplate(provisioner, found)), []);
    assert.equal(templateInputs(provisioner, found.key), templateInputs(provisioner, facts.key));
    assert.deepEqual(
      recordedFacts(provisioner, {}, live),
      recordedFacts(provisioner, known, live),
    );
  });
});
