import assert from "node:assert/strict";
import { parse } from "yaml";
import type { CheckReport, CheckRequest } from "../app/check.ts";
import type { Checked } from "./check.ts";
import { runMain } from "./testing.ts";

const WELL: CheckReport = {
  phase: "after",
  server: "https://k by a kubeconfig",
  namespace: "coder-system",
  findings: [{ check: "leader", verdict: "ok", text: "pod-a leads.", next: [] }],
};
const ILL: CheckReport = {
  ...WELL,
  findings: [
    ...WELL.findings,
    { check: "quotas", verdict: "warning", text: "It is tight.", next: [] },
    {
      check: "api-service",
      verdict: "failed",
      text: "It is \u001b[31m away.",
      next: ["Mend it: kubectl get x"],
    },
    { check: "webhooks", verdict: "unknown", text: "It could not be read.", next: [] },
  ],
};

async function run(line: string, checked: Checked = { report: WELL }) {
  const asked: CheckRequest[] = [];
  const ran = await runMain(["check", ...line.split(" ").filter((word) => word !== "")], {
    check: (_config, request) => {
      asked.push(request);
      return Promise.resolve(checked);
    },
  });
  return { ...ran, asked };
}

Deno.test("what is looked at: a phase, a namespace, and what is to be installed there", async () => {
  const { asked, code, err } = await run("");
  assert.equal(err, "");
  assert.equal(code, 0);
  assert.deepEqual([asked[0]?.phase, asked[0]?.namespace], [undefined, "coder-system"]);
  const kinds = (request?: CheckRequest) => new Set(request?.objects.map(({ kind }) => kind));
  assert.ok(kinds(asked[0]).has("CustomResourceDefinition"));
  assert.ok(!kinds(asked[0]).has("Issuer"));
  const more = await run("before -n tools --overlay=split,cert-manager");
  assert.deepEqual([more.asked[0]?.phase, more.asked[0]?.namespace], ["before", "tools"]);
  assert.ok(kinds(more.asked[0]).has("Issuer"));
  const accounts = more.asked[0]?.objects.filter(({ kind }) => kind === "ServiceAccount").map((
    { metadata },
  ) => metadata);
  assert.ok((accounts ?? []).length > 1);
  assert.deepEqual(new Set(accounts?.map(({ namespace }) => namespace)), new Set(["tools"]));
});

Deno.test("all findings are told with what to do, and nothing of them steers the terminal", async () => {
  const { code, out } = await run("", { report: ILL });
  assert.equal(code, 1);
  assert.equal(
    out,
    `Does coder-k8s work in coder-system of https://k by a kubeconfig?

ok       pod-a leads.
warning  It is tight.
FAILED   It is \ufffd[31m away.
         -> Mend it: kubectl get x
?        It could not be read.

1 ok, 1 warning, 1 failed, 1 not seen
`,
  );
  assert.match(
    (await run("before", { report: { ...WELL, phase: "before" } })).out,
    /^Can coder-k8s be installed into/,
  );
});

Deno.test("programs get json or yaml", async () => {
  assert.deepEqual(JSON.parse((await run("-o json", { report: ILL })).out), ILL);
  assert.deepEqual(parse((await run("-o yaml", { report: WELL })).out), WELL);
});

Deno.test("the exit code says whether it is well, is not, or is not known", async () => {
  const only = (verdict: "ok" | "warning" | "failed" | "unknown") => ({
    report: { ...WELL, findings: [{ check: "x", verdict, text: "x", next: [] }] },
  });
  assert.equal((await run("", only("warning"))).code, 0);
  assert.equal((await run("", only("failed"))).code, 1);
  assert.equal((await run("", only("unknown"))).code, 2);
  const odd = await run("", { refusal: "no kubeconfig\u001b[2J" });
  assert.ok(!odd.err.includes("\u001b"));
  const refused = await run("", { refusal: "there is no kubeconfig" });
  assert.deepEqual([refused.code, refused.err], [2, "coder-k8s: there is no kubeconfig\n"]);
});

Deno.test("what is not understood is refused, and nobody is asked", async () => {
  for (
    const [line, words] of [
      ["sometimes", /sometimes: must be before or after/],
      ["before after", /after: stray argument/],
      ["--overlay=nope", /--overlay: there is no overlay nope/],
      ["--overlay=coordinator", /--overlay: coordinator is not what is looked at/],
      ["--output=xml", /--output/],
      ["-n a_b", /--namespace: must be one namespace name/],
    ] as const
  ) {
    const { code, err, asked } = await run(line);
    assert.equal(code, 2, line);
    assert.match(err, words);
    assert.deepEqual(asked, []);
  }
});
