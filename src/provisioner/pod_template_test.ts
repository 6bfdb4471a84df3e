import assert from "node:assert/strict";
import { provisionerDefinition } from "../api/provisioner.ts";
import { referenceId } from "../workload/references.ts";
import { otherReferences, podTemplate, type TemplateFacts, templateInputs } from "./pod_template.ts";
import { LABELS, provisioner, SHAPING, type SpecInput } from "./testing.ts";

const key = { name: "prov-provisioner-key", key: "key" };
const known: TemplateFacts = {
  url: "http://coder.a.svc.cluster.local:80",
  image: "coder:v2.30.0",
  key,
  checksum: "c0ffee",
};

function render(spec: SpecInput = {}, facts: Partial<TemplateFacts> = {}) {
  return podTemplate(provisioner(spec), { ...known, ...facts });
}
function container(spec: SpecInput = {}, facts: Partial<TemplateFacts> = {}) {
  const [first, ...others] = render(spec, facts).spec?.containers ?? [];
  assert.ok(first !== undefined && others.length === 0, "exactly one container");
  return first;
}
const env = (spec: SpecInput = {}, facts: Partial<TemplateFacts> = {}) =>
  Object.fromEntries((container(spec, facts).env ?? []).map(({ name, ...rest }) => [name, rest]));
const inputs = (spec: SpecInput = {}, where = key) => templateInputs(provisioner(spec), where);

Deno.test("a bare provisioner starts on the stock image, hardened and spread, with ten minutes to end", () => {
  assert.deepEqual(render(), {
    metadata: { labels: LABELS, annotations: { "checksum/provisioner-key": "c0ffee" } },
    spec: {
      serviceAccountName: "prov-provisioner",
      containers: [{
        name: "provisioner",
        image: "coder:v2.30.0",
        command: ["/opt/coder"],
        args: ["provisioner", "start"],
        env: [
          { name: "CODER_URL", value: "http://coder.a.svc.cluster.local:80" },
          { name: "CODER_PROVISIONER_DAEMON_KEY", valueFrom: { secretKeyRef: key } },
          { name: "CODER_PROVISIONER_DAEMON_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        ],
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1000,
          runAsGroup: 1000,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"] },
          seccompProfile: { type: "RuntimeDefault" },
        },
      }],
      topologySpreadConstraints: ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((
        topologyKey,
      ) => ({
        maxSkew: 1,
        topologyKey,
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: LABELS },
      })),
      terminationGracePeriodSeconds: 600,
    },
  });
});

Deno.test("neither organization nor tags are told to the daemons: Coder refuses them beside a key", () => {
  const { args, env } = container({ organizationName: "eng", tags: { region: "eu" } });
  assert.deepEqual(args, ["provisioner", "start"]);
  assert.deepEqual(env?.map(({ name }) => name), [
    "CODER_URL",
    "CODER_PROVISIONER_DAEMON_KEY",
    "CODER_PROVISIONER_DAEMON_NAME",
  ]);
});

Deno.test("the address of Coder reaches the pods as it is, with its base path and with brackets", () => {
  for (const url of ["https://example.com/coder", "http://[fd00::10]:8080", "http://[fd00::10]/base/"]) {
    assert.equal(env({}, { url })["CODER_URL"]?.value, url);
  }
});

Deno.test("the image is that of the control plane unless the spec names one", () => {
  assert.equal(container().image, "coder:v2.30.0");
  assert.equal(container({ image: "" }).image, "coder:v2.30.0");
  assert.equal(container({ image: "mirror/coder:v2" }).image, "mirror/coder:v2");
});

Deno.test("the key comes from where it is said to be", () => {
  const secretKeyRef = { name: "mine", key: "token" };
  assert.deepEqual(env({}, { key: secretKeyRef })["CODER_PROVISIONER_DAEMON_KEY"], {
    valueFrom: { secretKeyRef },
  });
});

Deno.test("a name that Coder would refuse is not given to the daemons", () => {
  const dotted = podTemplate(provisioner({}, { name: "team.eu" }), known).spec?.containers[0]?.env ?? [];
  assert.deepEqual(dotted.map(({ name }) => name), ["CODER_URL", "CODER_PROVISIONER_DAEMON_KEY"]);
});

Deno.test("each name is in the environment once, and the user's value wins", () => {
  const extraEnv = [
    { name: "CODER_URL", value: "https://other" },
    { name: "CODER_VERBOSE", value: "1" },
    { name: "CODER_VERBOSE", value: "2" },
    { name: "CODER_PROVISIONER_DAEMON_NAME", value: "mine" },
  ];
  const list = container({ extraEnv }).env ?? [];
  assert.equal(new Set(list.map(({ name }) => name)).size, list.length);
  const all = env({ extraEnv });
  assert.deepEqual(all["CODER_URL"], { value: "https://other" });
  assert.deepEqual(all["CODER_VERBOSE"], { value: "2" });
  assert.deepEqual(all["CODER_PROVISIONER_DAEMON_NAME"], { value: "mine" });
});

Deno.test("arguments of the user come behind, or in place of, the operator's", () => {
  assert.deepEqual(container({ extraArgs: ["--verbose"] }).args, ["provisioner", "start", "--verbose"]);
  const own = container({ command: ["sh"], args: ["-c"], extraArgs: ["x"] });
  assert.deepEqual([own.command, own.args], [["sh"], ["-c", "x"]]);
});

Deno.test("the operator's annotations stand beside the user's, and win", () => {
  const podAnnotations = { a: "1", b: "2", "checksum/provisioner-key": "x" };
  assert.deepEqual(render({ podAnnotations }, { annotations: { b: "3" } }).metadata?.annotations, {
    a: "1",
    b: "3",
    "checksum/provisioner-key": "c0ffee",
  });
  assert.equal(render({}, { checksum: undefined }).metadata?.annotations, undefined);
});

/** Fields that pods are not made from. */
const others: SpecInput = {
  controlPlaneRef: { name: "other", namespace: "coder" },
  organizationName: "eng",
  key: { name: "k", rotateAfter: "2160h" },
  replicas: 3,
  autoscale: { maxReplicas: 5 },
  tags: { region: "eu" },
  strategy: { type: "Recreate" },
};

Deno.test("every field of a spec is known to shape the pods, or not to", () => {
  const fields = Object.keys((provisionerDefinition.spec as unknown as { shape: object }).shape);
  assert.deepEqual([...Object.keys(SHAPING), ...Object.keys(others)].sort(), fields.sort());
});

Deno.test("every field that shapes the pods arrives in them, and is in the hash", () => {
  const bare = JSON.stringify(render());
  const hashes = new Set([inputs()]);
  for (const [field, value] of Object.entries(SHAPING)) {
    const text = JSON.stringify(render({ [field]: value }));
    assert.notEqual(text, bare, field);
    const given = field === "serviceAccount" ? "builds" : value;
    if (field !== "args") assert.ok(text.includes(JSON.stringify(given).replace(/^[[{]|[\]}]$/g, "")), field);
    hashes.add(inputs({ [field]: value }));
  }
  assert.equal(hashes.size, 1 + Object.keys(SHAPING).length);
});

Deno.test("fields of the provisioner's own stand where Kubernetes looks for them", () => {
  const { spec } = render(SHAPING);
  assert.deepEqual(
    [spec?.serviceAccountName, spec?.imagePullSecrets, spec?.terminationGracePeriodSeconds],
    ["builds", [{ name: "registry" }], 1200],
  );
  const { image, args, resources } = container(SHAPING);
  assert.deepEqual([image, resources], ["mirror/coder:v2", { limits: { memory: "1Gi" } }]);
  assert.deepEqual(args, ["provisioner", "start", "--cache-dir=/c", "--verbose"]);
});

Deno.test("what pods are not made from changes neither them nor the hash", () => {
  for (const [field, value] of Object.entries(others)) {
    assert.deepEqual(render({ [field]: value }), render(), field);
    assert.equal(inputs({ [field]: value }), inputs(), field);
  }
});

Deno.test("a ServiceAccount is as good as another of its name", () => {
  const serviceAccount = { disableCreate: true, annotations: { a: "b" }, labels: { c: "d" } };
  assert.equal(inputs({ serviceAccount }), inputs());
});

Deno.test("fields that the Go operator leaves empty in a spec are in no hash", () => {
  for (const spec of [{ resources: {} }, { key: {} }, { image: "" }, { priorityClassName: "" }]) {
    assert.equal(inputs(spec), inputs(), JSON.stringify(spec));
  }
});

Deno.test("the place of the key is in the hash", () => {
  const places = [key, { ...key, name: "other" }, { ...key, key: "other" }];
  assert.equal(new Set(places.map((place) => inputs({}, place))).size, 3);
  assert.equal(inputs({}, { ...known, ...key }), inputs(), "what else comes with it is not");
});

Deno.test("the stored hash of a template's inputs is the same in every version", () => {
  assert.equal(inputs(), "6c122a4a2e83d898");
  assert.equal(inputs(SHAPING), "41bd022731963f93");
});

Deno.test("a change of the key is not told twice", () => {
  const spec = {
    extraEnv: [
      { name: "OTHER", valueFrom: { secretKeyRef: { name: key.name, key: "other" } } },
      { name: "TOKEN", valueFrom: { secretKeyRef: { name: "tokens", key: "key" } } },
    ],
    envFrom: [{ configMapRef: { name: "env" } }],
  };
  assert.deepEqual(otherReferences(render(), key), []);
  assert.deepEqual(
    otherReferences(render(spec), key).map((each) => [referenceId(each), each.keys]),
    [
      ["ConfigMap/env", undefined],
      ["Secret/prov-provisioner-key", ["other"]],
      ["Secret/tokens", ["key"]],
    ],
  );
  const whole = otherReferences(render({ envFrom: [{ secretRef: { name: key.name } }] }), key);
  assert.deepEqual(whole.map(({ name, keys }) => [name, keys]), [[key.name, undefined]]);
});
