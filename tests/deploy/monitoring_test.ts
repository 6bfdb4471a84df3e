/** Alerts and the dashboard: on figures that there are, under labels that they have, and awake when it matters. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { metricsOf } from "../../scripts/generate/reference/metrics.ts";
import { ensureDebianProgram } from "../cluster/debian_package.ts";
import { DEPLOY, type Manifest } from "./variants.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** Where the rules are, by the name of the file that promtool's tests call them by. */
const RULES = {
  "coder-k8s.yaml": "components/monitoring/alerts.yaml",
  "coordinator.yaml": "coordinator/optional/alerts.yaml",
};

/** Labels that Prometheus adds to whatever it reads, and the one of buckets. */
const FROM_PROMETHEUS = ["job", "namespace", "pod", "instance", "le"];
/** Of Prometheus itself. */
const BESIDES = { up: [] };

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

async function groupsOf(path: string): Promise<{ name: string; rules: Rule[] }[]> {
  return parse(await Deno.readTextFile(`${DEPLOY}/${path}`)).spec.groups;
}

async function allRules(): Promise<Rule[]> {
  const groups = await Promise.all(Object.values(RULES).map(groupsOf));
  return groups.flat().flatMap(({ rules }) => rules);
}

async function dashboard(): Promise<Manifest> {
  const { data } = parse(await Deno.readTextFile(`${DEPLOY}/components/monitoring/dashboard.yaml`));
  return JSON.parse(data["coder-k8s.json"]);
}

async function dashboardExpressions(): Promise<string[]> {
  const { panels } = await dashboard();
  const targets = panels.flatMap(({ targets = [] }: Manifest) => targets) as { expr: string }[];
  return targets.map(({ expr }) =>
    expr.replaceAll("$__rate_interval", "5m").replaceAll("$namespace", "coder-system")
  );
}

/** Runs promtool in a folder with these files. */
async function promtool(args: readonly string[], files: Readonly<Record<string, string>>) {
  const program = await ensureDebianProgram({
    program: "promtool",
    package: "prometheus",
    need: "which tests of alerts need",
  });
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(folder, name), text);
    const command = new Deno.Command(program, { args: [...args], cwd: folder, stdin: "null" });
    const { success, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    return { success, said: `${decoder.decode(stdout)}${decoder.decode(stderr)}` };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function ruleFiles(): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const [name, path] of Object.entries(RULES)) files[name] = stringify({ groups: await groupsOf(path) });
  return files;
}

/** Which figures an expression reads, and which labels it speaks of. */
function readsOf(expr: string): { names: string[]; labels: string[] } {
  const grouped = [...expr.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g)].flatMap(([, list = ""]) =>
    list.split(",").map((label) => label.trim())
  );
  const matched = [...expr.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = ""]) => label);
  const bare = expr.replaceAll(/\{[^}]*\}/g, "").replaceAll(/\b(?:by|without|on|ignoring)\s*\([^)]*\)/g, "")
    .replaceAll(/\[[^\]]*\]/g, "").replaceAll(/"[^"]*"/g, "");
  const names = [...bare.matchAll(/\b([a-z][a-z0-9_]*)\b(?!\s*\()/g)].map(([, name = ""]) => name)
    .filter((name) => !["by", "or", "and", "unless"].includes(name));
  return { names, labels: [...grouped, ...matched].filter((label) => label !== "") };
}

Deno.test("an expression is taken apart into what it reads and the labels that it speaks of", () => {
  const expr =
    `sum by (controller) (rate(a_total{job="x",code=~"5.."}[10m])) / sum(rate(b_total[1h])) > 0.5 or absent(up == 1)`;
  deepEqual(readsOf(expr), { names: ["a_total", "b_total", "up"], labels: ["controller", "job", "code"] });
});

Deno.test("alerts and dashboard read figures that there are, by labels that these have", async () => {
  const known = new Map<string, readonly string[]>(Object.entries(BESIDES));
  for (const { name, type, labels } of await metricsOf(root)) {
    known.set(name, labels);
    if (type === "histogram") {
      for (const part of ["bucket", "sum", "count"]) known.set(`${name}_${part}`, labels);
    }
  }
  const expressions = [...(await allRules()).map(({ expr }) => expr), ...await dashboardExpressions()];
  ok(expressions.length > 50, String(expressions.length));
  const document = await Deno.readTextFile(`${root}/docs/metrics.md`);
  for (const expr of expressions) {
    const { names, labels } = readsOf(expr);
    ok(names.length > 0, expr);
    for (const name of names) {
      const has = known.get(name);
      ok(has !== undefined, `${name} is no figure of ours: ${expr}`);
      for (const label of labels) {
        ok([...FROM_PROMETHEUS, ...has].includes(label), `${name} has no label ${label}: ${expr}`);
      }
      const plain = name.replace(/_(bucket|sum|count)$/, "");
      const family = /^(controller_runtime|workqueue|rest_client|process|nodejs)_/.exec(plain)?.[0];
      const isDocumented = document.includes(`\`${plain}\``) || document.includes(`\`${family}*\``);
      ok(isDocumented || plain === "up", `${plain} is not in docs/metrics.md`);
    }
  }
});

Deno.test("every alert says how bad it is, what it is, and what to do", async () => {
  const rules = await allRules();
  equal(new Set(rules.map(({ alert }) => alert)).size, rules.length, "names are of one alert each");
  for (const { alert, labels, annotations } of rules) {
    match(alert, /^[A-Z][A-Za-z0-9]+$/);
    ok(["critical", "warning"].includes(labels["severity"] ?? ""), alert);
    deepEqual(Object.keys(annotations).sort(), ["description", "summary"], alert);
    ok(annotations["summary"]!.length < 120 && annotations["description"]!.length > 20, alert);
  }
});

Deno.test("Prometheus takes the rules, and each of them, and no other, wakes somebody when it matters", async () => {
  const files = await ruleFiles();
  const checked = await promtool(["check", "rules", ...Object.keys(files)], files);
  ok(checked.success, checked.said);
  const rules = await allRules();
  const tests = await Deno.readTextFile(new URL("./alerts_test.yaml", import.meta.url));
  // CoderK8sDown is beside CoderK8sPodDown there; no alert is left out.
  match(tests, new RegExp(`value: ${rules.length}\\n`), `the test is to count ${rules.length} alerts`);
  const tested = await promtool(["test", "rules", "tests.yaml"], { ...files, "tests.yaml": tests });
  ok(tested.success, tested.said);
});

Deno.test("what the documents call worth an alert is one", async () => {
  const document = await Deno.readTextFile(`${root}/docs/metrics.md`);
  const known = new Map((await allRules()).map(({ alert, expr }) => [alert, expr]));
  const said = [...document.matchAll(/^- alert: (\w+)\n {2}expr: (.+)$/gm)];
  ok(said.length >= 4, String(said.length));
  const without = (expr = "") => expr.replace('job="coder-k8s-metrics",', "");
  for (const [, alert = "", expr = ""] of said) equal(without(known.get(alert)), expr, alert);
});

Deno.test("the dashboard is whole: panels side by side, one source of data that is chosen, expressions that Prometheus takes", async () => {
  const { panels, templating, uid } = await dashboard();
  equal(uid, "coder-k8s");
  deepEqual(templating.list.map(({ name }: Manifest) => name), ["datasource", "namespace"]);
  const ids = panels.map(({ id }: Manifest) => id);
  equal(new Set(ids).size, ids.length);
  const taken = new Set<string>();
  for (const { title, type, gridPos: { x, y, w, h }, datasource, targets = [] } of panels) {
    ok(title !== "" && x + w <= 24, title);
    for (let column = x; column < x + w; column++) {
      for (let line = y; line < y + h; line++) {
        ok(!taken.has(`${column}/${line}`), `${title} lies over another panel`);
        taken.add(`${column}/${line}`);
      }
    }
    if (type === "row") continue;
    deepEqual(datasource, { type: "prometheus", uid: "${datasource}" }, title);
    for (const target of targets) deepEqual(target.datasource, datasource, title);
    ok(targets.length > 0, title);
  }
  const rules = (await dashboardExpressions()).map((expr, index) => ({ record: `panel:${index}`, expr }));
  const { success, said } = await promtool(["check", "rules", "panels.yaml"], {
    "panels.yaml": stringify({ groups: [{ name: "panels", rules }] }),
  });
  ok(success, said);
});
