import assert from "node:assert/strict";
import {
  ago,
  assertCareful,
  causes,
  controlPlane,
  factsOf,
  findings,
  pod,
  secret,
  seen,
  unread,
} from "../platform/testing.ts";
import { secretEmpty } from "./secret_empty.ts";
import { secretMissing } from "./secret_missing.ts";
import { secretWrongKey } from "./secret_wrong_key.ts";

const withSecrets = (...secrets: readonly object[]) => factsOf("controlplane", { secrets: seen(secrets) });
const gone = secret({ isThere: false, keys: {}, type: "" });
const other = secret({ keys: { uri: 40, ca: 900 } });
const empty = secret({ keys: { url: 0 } });

Deno.test("a Secret that is not there is named once, with all that need it", () => {
  const facts = withSecrets(gone, { ...gone, usedBy: "container backup, envFrom" });
  const [found, ...more] = findings(secretMissing, facts);
  assert.equal(
    found?.cause,
    "The Secret lab/db does not exist; container coder, env CODER_PG_CONNECTION_URL and 1 more need it.",
  );
  assert.deepEqual([more, found?.evidence.length, found?.evidence[0]?.quote], [
    [],
    1,
    'secrets "db" not found',
  ]);
  assertCareful(secretMissing, facts, "secrets");
});

Deno.test("how to make the Secret that is missing says which keys it needs", () => {
  const command = (secret: object) => findings(secretMissing, withSecrets(secret))[0]?.next[1]?.command;
  const create = "kubectl -n lab create secret";
  assert.equal(command(gone), `${create} generic db --from-literal=url="$VALUE"`);
  assert.equal(command({ ...gone, neededKeys: [] }), `${create} generic db --from-literal=KEY="$VALUE"`);
  assert.equal(
    command({ ...gone, neededKeys: ["user", "password"] }),
    `${create} generic db --from-literal=user="$VALUE1" --from-literal=password="$VALUE2"`,
  );
  assert.equal(
    command({ ...gone, neededKeys: ["tls.crt", "tls.key"] }),
    `${create} tls db --cert=tls.crt --key=tls.key`,
  );
});

Deno.test("a Secret without the key is named with those that it has", () => {
  const facts = withSecrets(other);
  const [found] = findings(secretWrongKey, facts);
  assert.equal(
    found?.cause,
    "The Secret lab/db has no key url: it has uri, ca; container coder, env CODER_PG_CONNECTION_URL needs it.",
  );
  assert.equal(found?.evidence[0]?.quote, "its keys are uri, ca");
  const none = withSecrets(secret({ keys: {} }));
  assert.match(causes(secretWrongKey, none)[0] ?? "", / no key url, nor any other; /);
  assertCareful(secretWrongKey, facts, "secrets");
});

Deno.test("a key with nothing in it is named", () => {
  const facts = withSecrets(empty);
  assert.deepEqual(causes(secretEmpty, facts), [
    "The key url of Secret lab/db is empty; container coder, env CODER_PG_CONNECTION_URL needs it.",
  ]);
  assertCareful(secretEmpty, facts, "secrets");
});

Deno.test("what may be missing, or has just been asked for from somebody else, is no trouble", () => {
  const optional = withSecrets({ ...gone, isOptional: true }, { ...other, isOptional: true });
  const certificate = { ...gone, usedBy: "spec.expose.ingress.tls.secretName" };
  const young = factsOf("controlplane", {
    secrets: seen([certificate]),
    controlPlane: seen(controlPlane({ metadata: { creationTimestamp: ago(20) } })),
  });
  for (const facts of [optional, young]) {
    assert.deepEqual([secretMissing, secretWrongKey, secretEmpty].flatMap((rule) => causes(rule, facts)), []);
  }
  assert.equal(causes(secretMissing, withSecrets(certificate)).length, 1);
});

const waiting = (message: string, reason = "CreateContainerConfigError") =>
  pod("coder-0", { ready: false, state: { waiting: { reason, message } } });
const event = (message: string, reason = "FailedMount") => ({
  involvedObject: { kind: "Pod", name: "coder-0", namespace: "lab", uid: "uid-coder-0" },
  type: "Warning",
  reason,
  message,
  lastTimestamp: ago(20),
});

Deno.test("who may not read Secrets learns it from the pods that wait for them", () => {
  const facts = factsOf("controlplane", {
    secrets: unread(),
    pods: seen([waiting('secret "coder-db" not found')]),
    events: seen([event('Error: secret "coder-db" not found', "Failed")]),
  });
  const [found] = findings(secretMissing, facts);
  assert.match(
    found?.cause ?? "",
    /^The Secret lab\/coder-db does not exist; container coder of pod lab\/coder-0/,
  );
  assert.deepEqual(found?.evidence.map(({ source }) => source), [
    "container coder of pod lab/coder-0",
    "event of pod lab/coder-0",
  ]);
  const key = {
    ...facts,
    pods: seen([waiting("couldn't find key url in Secret lab/coder-db")]),
    events: seen([]),
  };
  assert.deepEqual(causes(secretWrongKey, key), [
    "The Secret lab/coder-db has no key url; container coder of pod lab/coder-0 needs it.",
  ]);
});

Deno.test("a key that the pod misses is told with those of the Secret, where that was read", () => {
  const facts = factsOf("controlplane", {
    pods: seen([waiting("couldn't find key url in Secret lab/db")]),
    secrets: seen([other]),
  });
  const [found, ...more] = findings(secretWrongKey, facts);
  assert.deepEqual(more, [], "what both say is one");
  assert.match(found?.cause ?? "", /has no key url: it has uri, ca; /);
  assert.equal(found?.evidence.length, 2);
});

Deno.test("a Secret that a volume needs is told by the mount that fails, as long as it is waited for", () => {
  const message = 'MountVolume.SetUp failed for volume "tls" : secret "coder-tls" not found';
  const facts = (reason: string, words: string) =>
    factsOf("controlplane", {
      secrets: unread(),
      pods: seen([{
        ...waiting("", reason),
        spec: {
          containers: [{ name: "coder" }],
          volumes: [{ name: "tls", secret: { secretName: "coder-tls" } }],
        },
      }]),
      events: seen([event(words)]),
    });
  assert.match(
    causes(secretMissing, facts("ContainerCreating", message))[0] ?? "",
    /^The Secret lab\/coder-tls does not/,
  );
  assert.deepEqual(causes(secretMissing, facts("CrashLoopBackOff", message)), [], "it was mounted since");
  const key = 'MountVolume.SetUp failed for volume "tls" : references non-existent secret key: tls.crt';
  assert.match(
    causes(secretWrongKey, facts("ContainerCreating", key))[0] ?? "",
    /^The Secret lab\/coder-tls has no key tls\.crt/,
  );
  const unknown = key.replace('"tls"', '"else"');
  assert.deepEqual(causes(secretWrongKey, facts("ContainerCreating", unknown)), []);
});
