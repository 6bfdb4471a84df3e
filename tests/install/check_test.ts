/** `coder-k8s check` on a real cluster: empty, installed, and broken in several ways. */
import assert from "node:assert/strict";
import { runProgram, type Variant, variants } from "../cli/program.ts";
import { type Cluster, startCluster, waitFor } from "../cluster/mod.ts";
import { playPods } from "../deploy/played/mod.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const [SOURCE] = variants() as [Variant];

interface Report {
  phase: string;
  findings: { check: string; verdict: string; text: string; next: string[] }[];
}

async function check(kubeconfig: string, ...args: string[]): Promise<{ code: number; report: Report }> {
  const ran = await runProgram(SOURCE, ["check", `--kubeconfig=${kubeconfig}`, "-o", "json", ...args]);
  assert.equal(ran.err, "");
  return { code: ran.code, report: JSON.parse(ran.out) };
}

const bad = ({ findings }: Report) =>
  findings.filter(({ verdict }) => verdict !== "ok").map(({ check, verdict, text }) =>
    `${check} ${verdict}: ${text}`
  );

async function apply(cluster: Cluster): Promise<void> {
  const args = ["apply", "--server-side", "--force-conflicts", "-k", `${root}/deploy`];
  // A namespace or a definition that was just made is not known everywhere at once.
  await waitFor(() => cluster.kubectl(args).then(() => true), { what: "the manifests to be taken" });
}

Deno.test("check: before, after, and what is broken on the way", async (t) => {
  await using cluster = await startCluster({ name: "check" });

  await t.step("an empty cluster can be installed into", async () => {
    const { code, report } = await check(cluster.kubeconfig);
    assert.deepEqual(bad(report), []);
    assert.deepEqual([code, report.phase], [0, "before"]);
  });

  await t.step("an overlay that needs kinds of others says which", async () => {
    const { code, report } = await check(cluster.kubeconfig, "before", "--overlay=cert-manager");
    assert.equal(code, 1);
    assert.match(
      bad(report).join("\n"),
      /kinds-of-others failed: .*Certificate.* of cert-manager\.io\/v1 is not served/,
    );
  });

  await t.step("somebody without rights is told which are missing", async () => {
    const namespace = await cluster.newNamespace("nobody");
    const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace, name: "default" });
    const { code, report } = await check(kubeconfig, "before");
    assert.equal(code, 1);
    const rights = report.findings.find((each) => each.check === "rights-to-install");
    assert.match(rights?.text ?? "", /^You may not create customresourcedefinitions\.apiextensions\.k8s\.io/);
    assert.ok(
      report.findings.some(({ verdict }) => verdict === "unknown"),
      "what may not be read is not guessed",
    );
  });

  await t.step("a webhook that nobody serves is found before it is in the way", async () => {
    const name = "gate.check.test";
    await cluster.apply({
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      metadata: { name },
      webhooks: [{
        name,
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        clientConfig: { service: { namespace: "gone", name: "gate" } },
        rules: [{
          apiGroups: ["apps"],
          apiVersions: ["v1"],
          resources: ["deployments"],
          operations: ["CREATE"],
        }],
      }],
    });
    try {
      const { code, report } = await check(cluster.kubeconfig);
      assert.equal(code, 1);
      assert.match(
        bad(report).join("\n"),
        /webhooks failed: Webhook gate\.check\.test .* Service gone\/gate has no ready/,
      );
    } finally {
      await cluster.kubectl(["delete", "validatingwebhookconfiguration", name]);
    }
  });

  await using played = await playPods(cluster);
  await apply(cluster);
  await played.settled();

  await t.step("an installation that works is all well", async () => {
    const { report } = await waitFor(async () => {
      const checked = await check(cluster.kubeconfig);
      // Warnings, too: what the API server tells kubectl of comes after the API has become available.
      assert.deepEqual([checked.code, bad(checked.report)], [0, []]);
      return checked;
    }, { what: "nothing to be wrong", timeoutMs: 300_000 });
    assert.equal(report.phase, "after");
    assert.deepEqual(bad(report), []);
  });

  await t.step("rights that were taken away are named", async () => {
    await cluster.kubectl(["delete", "clusterrolebinding", "coder-k8s-auth-delegator"]);
    const { code, report } = await check(cluster.kubeconfig);
    assert.equal(code, 1);
    assert.match(
      bad(report).join("\n"),
      /operator-rights failed: ClusterRoleBinding coder-k8s-auth-delegator is missing/,
    );
    await apply(cluster);
  });

  await t.step("a server that is gone is an APIService that is not available", async () => {
    await played.halt();
    await waitFor(async () => {
      const { code, report } = await check(cluster.kubeconfig);
      const lines = bad(report).join("\n");
      return code === 1 && /api-service failed: .*is not available/.test(lines) &&
        /aggregated-api failed/.test(lines);
    }, { what: "the APIService to be told unavailable", timeoutMs: 120_000 });
  });
});
