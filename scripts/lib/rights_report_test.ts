import assert from "node:assert/strict";
import { ACCOUNTS } from "../../tests/rights/grants.ts";
import { RightsLedger } from "../../tests/rights/ledger.ts";
import { rightsReport } from "./rights_report.ts";

function line(allowed: boolean): string {
  return JSON.stringify({
    auditID: crypto.randomUUID(),
    stage: "ResponseComplete",
    requestURI: "/api/v1/namespaces/lab/nothings",
    verb: "list",
    user: { username: ACCOUNTS.mcp },
    userAgent: "coder-k8s/1 (mcp-http)",
    objectRef: { resource: "nothings", namespace: "lab" },
    responseStatus: { code: allowed ? 200 : 403 },
    requestReceivedTimestamp: new Date().toISOString(),
    annotations: { "authorization.k8s.io/decision": allowed ? "allow" : "forbid" },
  }) + "\n";
}

async function ledgerOf(...lines: string[]): Promise<RightsLedger> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, lines.join(""));
    const ledger = new RightsLedger();
    await ledger.read(path, "tests/mcp 1/2");
    return ledger;
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("a run in which nothing was refused has one test more, that passed", async () => {
  const { passed, failed, failures } = await rightsReport(await ledgerOf(line(true)), false);
  assert.deepEqual([passed, failed, failures], [1, 0, []]);
});

Deno.test("a refusal is a failed test, with who, what and when", async () => {
  const { passed, failed, failures } = await rightsReport(await ledgerOf(line(false), line(false)), false);
  assert.deepEqual([passed, failed], [0, 1]);
  assert.equal(
    failures[0]?.details,
    "coder-k8s-mcp (coder-k8s/1 (mcp-http)) was refused 2× during tests/mcp 1/2: list nothings in lab",
  );
});

Deno.test("after the whole suite, rights that are left over are a failed test", async () => {
  const { passed, failed, failures } = await rightsReport(await ledgerOf(), true);
  assert.deepEqual([passed, failed], [1, 1]);
  const details = failures[0]?.details ?? "";
  assert.match(details, /^coder-k8s: list codercontrolplanes\.coder\.com \(ClusterRole\/manager-role\)$/m);
  assert.match(details, /^coder-k8s-mcp: get secrets \(ClusterRole\/coder-k8s-mcp\)$/m);
  assert.match(details, /^coder-k8s-apiserver: patch apiservices\.apiregistration\.k8s\.io \(ClusterRole/m);
  assert.doesNotMatch(details, /finalizers/, "what no request can show");
});
