import assert from "node:assert/strict";
import { parse } from "yaml";
import type { Config } from "../app/config.ts";
import type { AskedSubject, Diagnosis } from "../app/diagnose.ts";
import { exitCode, type Looked } from "./diagnose.ts";
import { runMain } from "./testing.ts";

const WELL: Diagnosis = {
  subject: { kind: "workspace", namespace: "lab", name: "acme.ann.dev" },
  state: "It runs.",
  healthy: true,
  causes: [],
  notSeen: [],
  calls: { kubernetes: 2, coder: 2 },
};
const CAUSE = { rule: "r", cause: "It is broken.", confidence: "certain", evidence: [], next: [] } as const;
const ILL: Diagnosis = { ...WELL, healthy: false, state: "It is: not up", causes: [CAUSE] };

async function run(
  line: string,
  looked: Looked = { diagnosis: WELL },
  environment: Record<string, string> = {},
) {
  const asked: { config: Config; subject: AskedSubject }[] = [];
  const ran = await runMain(["diagnose", ...line.split(" ").filter((word) => word !== "")], {
    environment,
    diagnose: (config, subject) => {
      asked.push({ config, subject });
      return Promise.resolve(looked);
    },
  });
  return { ...ran, asked };
}

Deno.test("a subject is looked at in the namespace that is named, or in that of the kubeconfig", async () => {
  const { asked } = await run("workspace acme.ann.dev -n lab");
  assert.deepEqual(asked[0]?.subject, { kind: "workspace", name: "acme.ann.dev", namespace: "lab" });
  const more = await run("-n=lab --context=other coder/main --kubeconfig /k", undefined, {
    CODER_SESSION_TOKEN: "abcdefghij-abcdefghijklmnopqrstuv",
  });
  assert.deepEqual(more.asked[0]?.subject, { kind: "controlplane", name: "main", namespace: "lab" });
  const { kubeconfig, context, coderSessionToken, namespace } = more.asked[0]!.config;
  assert.deepEqual([kubeconfig, context, namespace], ["/k", "other", []]);
  assert.equal(coderSessionToken, "abcdefghij-abcdefghijklmnopqrstuv");
  assert.equal((await run("cws acme.ann.dev")).asked[0]?.subject.namespace, undefined);
});

Deno.test("exit codes say whether it is well, whether something is wrong, or that nobody knows", async () => {
  assert.equal((await run("cws a")).code, 0);
  assert.equal((await run("cws a", { diagnosis: ILL })).code, 1);
  assert.equal(exitCode({ ...ILL, causes: [] }), 1, "all was seen, and it is not well");
  const notSeen = [{ what: "get it", why: "no answer" }];
  assert.equal(exitCode({ ...ILL, causes: [], notSeen }), 2);
  assert.equal(exitCode({ ...ILL, notSeen }), 1);
  const refused = await run("cws a", { refusal: "there is no workspace lab/a" });
  assert.deepEqual([refused.code, refused.out], [2, ""]);
  assert.equal(refused.err, "coder-k8s: there is no workspace lab/a\n");
});

Deno.test("programs get the same as JSON and as YAML, people get text", async () => {
  const json = await run("cws a -o json", { diagnosis: ILL });
  assert.deepEqual(JSON.parse(json.out), ILL);
  const yaml = await run("cws a --output=yaml", { diagnosis: ILL });
  assert.deepEqual(parse(yaml.out), ILL);
  assert.deepEqual([json.code, yaml.code], [1, 1]);
  const text = await run("cws a", { diagnosis: ILL });
  assert.match(text.out, /^workspace lab\/acme\.ann\.dev: It is: not up\n\n1\. It is broken\.\n/);
});

Deno.test("all mistakes are listed at once, and nothing is asked", async () => {
  const { code, err, asked } = await run("workspac a b -o xml -n Lab --concurrency=3");
  assert.deepEqual([code, asked.length], [2, 0]);
  for (
    const words of [
      "--concurrency: is not a flag of diagnose",
      "workspac: is nothing known; did you mean workspace?",
      "b: stray argument",
      "--output: must be text, json or yaml",
      "--namespace: must be one namespace name",
      'Run "coder-k8s help diagnose"',
    ]
  ) assert.ok(err.includes(words), `${words}: ${err}`);
});

Deno.test("a token in the process list is warned of, and a file that is not there is a mistake", async () => {
  const warned = await run("cws a --coder-session-token=abcdefghij-abcdefghijklmnopqrstuv");
  assert.equal(warned.code, 0);
  assert.match(warned.err, /puts a secret where every process list shows it/);
  const missing = await run("cws a --config=/none.yaml");
  assert.equal(missing.code, 2);
  assert.match(missing.err, /cannot read the config file/);
});
