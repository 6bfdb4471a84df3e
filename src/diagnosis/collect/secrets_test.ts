import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { PodTemplateSpec, Secret } from "../../api/kubernetes/types.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { valueOf } from "../seen.ts";
import { fakeLooker, NOW } from "../testing.ts";
import { lookForSecrets, secretFacts, type SecretUse, secretUsesOfPod } from "./secrets.ts";
import { serverCertificate } from "./testing_certificates.ts";

const SUBJECT = { kind: "controlplane", namespace: "lab", name: "coder" } as const;
const CERTIFICATE = await serverCertificate({ names: ["coder.example.com"], until: NOW });

const use = (name: string, more: Partial<SecretUse> = {}): SecretUse => ({
  namespace: "lab",
  name,
  usedBy: "spec.tls",
  isOptional: false,
  neededKeys: [],
  ...more,
});
const secret = (name: string, values: Record<string, string>): Secret => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace: "lab" },
  type: "Opaque",
  data: Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
  ),
});

Deno.test("of a Secret, keys and lengths are kept and no value", () => {
  const facts = secretFacts(
    use("db", { neededKeys: ["url"] }),
    secret("db", { url: "postgres://x:hunter2@h/d", b: "" }),
  );
  assert.deepEqual(facts, {
    ...use("db", { neededKeys: ["url"] }),
    isThere: true,
    type: "Opaque",
    keys: { url: 24, b: 0 },
  });
  assert.doesNotMatch(JSON.stringify(facts), /hunter2/);
});

Deno.test("of a certificate's Secret, its names and validity are known, and nothing of its key", () => {
  const facts = secretFacts(
    use("tls"),
    secret("tls", { "tls.crt": CERTIFICATE.certPem, "tls.key": CERTIFICATE.keyPem }),
  );
  assert.deepEqual(facts.certificate?.names, ["coder.example.com"]);
  assert.equal(facts.certificate?.matchesKey, true);
  assert.doesNotMatch(JSON.stringify(facts), /PRIVATE|BEGIN/);
  assert.equal(facts.certificateProblem, undefined);
});

Deno.test("a tls.crt that is none is said; an empty one is empty, and a Secret of another shape throws nothing", () => {
  assert.match(secretFacts(use("tls"), secret("tls", { "tls.crt": "x" })).certificateProblem ?? "", /no PEM/);
  assert.deepEqual(secretFacts(use("tls"), secret("tls", { "tls.crt": "" })).keys, { "tls.crt": 0 });
  const odd = { ...secret("odd", {}), type: undefined, data: { a: 7, b: null } } as unknown as Secret;
  assert.deepEqual(secretFacts(use("odd"), odd), {
    ...use("odd"),
    isThere: true,
    keys: { a: 0, b: 0 },
    type: "",
  });
});

Deno.test("Secrets are read once each; one that is missing, one that is forbidden and one too many", async () => {
  const forbidden = new KubeApiError(403, "Forbidden", 'secrets "sealed" is forbidden', {
    method: "GET",
    path: "/",
  });
  const looker = fakeLooker(SUBJECT, {
    get: (_, { name }) =>
      name === "sealed" ? forbidden : name === "gone" ? undefined : secret(name, { a: "1" }),
  });
  const uses = [
    use("db"),
    use("gone"),
    use("sealed"),
    use("db", { usedBy: "container coder, envFrom" }),
    use("more"),
  ];
  await lookForSecrets(looker, uses, 3);
  const { secrets } = looker.facts();
  assert.deepEqual(valueOf(secrets)?.map(({ name, isThere, usedBy }) => [name, isThere, usedBy]), [
    ["db", true, "spec.tls"],
    ["db", true, "container coder, envFrom"],
    ["gone", false, "spec.tls"],
  ]);
  assert.ok(secrets?.state === "seen");
  assert.deepEqual(secrets.missed, [{ what: "get Secret lab/sealed", why: 'secrets "sealed" is forbidden' }]);
  assert.deepEqual(looker.calls, { kubernetes: 3, coder: 0 });
});

Deno.test("every place of a pod that names a Secret is told, with the keys it needs", () => {
  const template: PodTemplateSpec = {
    spec: {
      containers: [{
        name: "coder",
        envFrom: [{ secretRef: { name: "all", optional: true } }, { configMapRef: { name: "map" } }],
        env: [
          { name: "PLAIN", value: "x" },
          { name: "URL", valueFrom: { secretKeyRef: { name: "db", key: "url" } } },
          { name: "BLANK", valueFrom: { secretKeyRef: { name: " ", key: "url" } } },
        ],
      }],
      initContainers: [{
        name: "first",
        env: [{ name: "A", valueFrom: { secretKeyRef: { name: "i", key: "k" } } }],
      }],
      volumes: [
        { name: "tls", secret: { secretName: "cert", items: [{ key: "tls.crt", path: "c" }] } },
        {
          name: "both",
          projected: { sources: [{ secret: { name: "p", optional: true } }, { configMap: { name: "m" } }] },
        },
        { name: "empty", emptyDir: {} },
      ],
    },
  };
  const uses = secretUsesOfPod("lab", template);
  assert.deepEqual(uses.map((one) => [one.name, one.usedBy, one.isOptional, one.neededKeys]), [
    ["db", "container coder, env URL", false, ["url"]],
    ["all", "container coder, envFrom", true, []],
    ["i", "container first, env A", false, ["k"]],
    ["cert", "volume tls", false, ["tls.crt"]],
    ["p", "volume both", true, []],
  ]);
  assert.deepEqual(new Set(uses.map(({ namespace }) => namespace)), new Set(["lab"]));
  assert.deepEqual(secretUsesOfPod("lab", {}), []);
});
