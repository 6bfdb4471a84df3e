/** What the chart makes of values, as text; `UPDATE_GOLDENS=1` writes it anew. */
import { equal, ok } from "node:assert/strict";
import { parse } from "yaml";
import { CHART, nameOf, objectsOf, render, template } from "./helm.ts";

const here = new URL(".", import.meta.url).pathname;

/** Which templates each file of values is about. */
const GOLDEN: Readonly<Record<string, readonly string[]>> = {
  tuned: ["config", "deployments", "disruption-budgets", "rbac-namespaces", "rbac-users", "service-accounts"],
  exposed: [
    ...["audit", "cert-manager", "deployments", "ingress", "monitoring", "network-policy"],
    ...["priority-class", "services"],
  ],
  sessions: [
    ...["coordinator/coordinator", "coordinator/optional", "coordinator/redis"],
    "workers/workers",
  ],
};

for (const [name, templates] of Object.entries(GOLDEN)) {
  Deno.test(`golden rendering: ${name}`, async () => {
    const values = parse(await Deno.readTextFile(`${here}values/${name}.yaml`));
    const { version } = parse(await Deno.readTextFile(`${CHART}/Chart.yaml`));
    const text = await template(values, { args: await shown(values, templates) });
    // The version is another one with each release.
    const rendered = text.replaceAll(`coder-k8s-${version}`, "coder-k8s-VERSION")
      .replaceAll(`"${version}"`, '"VERSION"').replaceAll(`:${version}"`, ':VERSION"');
    const file = `${here}golden/${name}.yaml`;
    if (Deno.env.get("UPDATE_GOLDENS") === "1") await Deno.writeTextFile(file, rendered);
    const hint = `rendered otherwise than ${file}: look at the difference, then UPDATE_GOLDENS=1`;
    equal(rendered, await Deno.readTextFile(file), hint);
  });
}

/** Helm refuses to show a template that renders nothing. */
async function shown(values: object, templates: readonly string[]): Promise<string[]> {
  const all = await template(values);
  const some = templates.filter((name) => all.includes(`# Source: coder-k8s/templates/${name}.yaml`));
  return some.flatMap((name) => ["--show-only", `templates/${name}.yaml`]);
}

Deno.test("no object is rendered twice, and each has the chart's labels", async () => {
  for (
    const values of [{}, { mode: "split" }, { coordinator: { enabled: true }, workers: { enabled: true } }]
  ) {
    const objects = await render(values);
    const names = objects.map(nameOf);
    equal(new Set(names).size, names.length);
    for (const object of objects) {
      equal(object.metadata.labels["app.kubernetes.io/managed-by"], "Helm", nameOf(object));
      ok(object.metadata.labels["helm.sh/chart"].startsWith("coder-k8s-"), nameOf(object));
    }
  }
});

Deno.test("another namespace is one everywhere", async () => {
  const everything = {
    certManager: { enabled: true },
    monitoring: { enabled: true },
    networkPolicy: { enabled: true },
    audit: { fluentBit: { enabled: true } },
    rights: { coderAccessKubeProxy: true, mcpImpersonation: true, seeAllWorkspaces: true },
    crds: { install: false },
  };
  for (const mode of ["all", "split"]) {
    const text = await template({ mode, ...everything }, { namespace: "somewhere" });
    ok(!text.includes("coder-system"), mode);
    const objects = objectsOf(text);
    const api = objects.find(({ kind }) => kind === "APIService");
    equal(api.spec.service.namespace, "somewhere");
    equal(api.metadata.annotations["cert-manager.io/inject-ca-from"], "somewhere/coder-k8s-apiserver");
  }
});
