/** Workspaces and templates of a real Coder as a user of kubectl meets them. */
import assert from "node:assert/strict";
import { agentTemplate, startDeployment } from "../coder/mod.ts";
import { waitFor } from "../cluster/mod.ts";
import { API_ROOT, startAppRig } from "./app_rig.ts";
import { cells, screen } from "./screen.ts";
import { watchWithKubectl } from "./watch_process.ts";

/** Workspaces that start when there is a file `start-<name>`, and that stop when there is a file `stop`. */
function slowTemplate(
  directory: string,
  command = `until [ -e ${directory}/start-$NAME ]; do sleep 0.2; done`,
) {
  return {
    "main.tf": `terraform {
  required_providers {
    coder = {
      source = "coder/coder"
    }
  }
}

data "coder_workspace" "me" {}

resource "terraform_data" "workspace" {
  count = data.coder_workspace.me.start_count
  provisioner "local-exec" {
    command = "${command}"
    environment = {
      NAME = data.coder_workspace.me.name
    }
  }
  provisioner "local-exec" {
    when    = destroy
    command = "until [ -e ${directory}/stop ]; do sleep 0.2; done"
  }
}
`,
    "README.md": "# Slow\n\nTakes its time.\n",
  };
}

Deno.test("workspaces of a real Coder in kubectl, as a user meets them", async (t) => {
  // One daemon: what is built beside another has to wait, and can be seen pending.
  await using deployment = await startDeployment({ env: { CODER_PROVISIONER_DAEMONS: "1" } });
  const { coderd } = deployment;
  const { token, id: ownerId } = await coderd.firstUser();
  await using rig = await startAppRig({ coders: { "lab/coder": { url: coderd.url, token } } });
  const { cluster } = rig;
  const directory = await Deno.makeTempDir();
  await using _directory = { [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }) };
  const open = (gate: string) => Deno.writeTextFile(`${directory}/${gate}`, "");
  const lab = screen(cluster, { namespace: "lab" });
  const path = `${API_ROOT}/namespaces/lab`;

  await t.step("before there is anything, kubectl says so", async () => {
    const { code, stdout, stderr } = await lab.run("get", "cws,ctpl");
    assert.deepEqual([code, stdout, stderr], [0, "", "No resources found in lab namespace.\n"]);
  });

  await t.step("discovery tells kinds, short names, verbs and the category", async () => {
    const rows = await screen(cluster).table(
      ...["api-resources", "--api-group=aggregation.coder.com", "-o", "wide", "--no-headers"],
    );
    const version = "aggregation.coder.com/v1alpha1";
    const verbs = "create,delete,deletecollection,get,list,patch,update,watch";
    assert.deepEqual(rows, [
      ["codertemplates", "ctpl", version, "true", "CoderTemplate", verbs, "coder"],
      ["coderworkspaces", "cws", version, "true", "CoderWorkspace", verbs, "coder"],
    ]);
  });

  const template = await coderd.createTemplate({
    name: "slow",
    files: slowTemplate(directory),
    fields: { display_name: "Slow but sure", description: "Takes its time" },
  });

  await t.step(
    "a template that is made in Coder appears, with its files where it is read alone",
    async () => {
      await lab.says("wait", "ctpl/coder.slow", "--for=create", "--timeout=170s");
      const [heading, row] = await lab.table("get", "ctpl");
      assert.deepEqual(heading, ["NAME", "ORGANIZATION", "DISPLAY NAME", "UPDATED", "AGE"]);
      assert.deepEqual(row?.slice(0, 3), ["coder.slow", "coder", "Slow but sure"]);
      assert.equal(
        await lab.says("get", "ctpl", "coder.slow", "-o", "jsonpath={.spec.files['README\\.md']}"),
        "# Slow\n\nTakes its time.\n",
      );
      assert.deepEqual(Object.keys((await rig.get("/namespaces/lab/codertemplates/coder.slow")).spec.files), [
        "README.md",
        "main.tf",
      ]);
      const { items } = await rig.get("/namespaces/lab/codertemplates");
      assert.deepEqual(items.map(({ spec }: { spec: object }) => "files" in spec), [false]);
      const yaml = await lab.says("get", "ctpl", "coder.slow", "-o", "yaml");
      assert.match(yaml, /^ {4}README\.md: \|\n {6}# Slow\n\n {6}Takes its time\.$/m);
      assert.match(yaml, new RegExp(`^ {2}uid: ${template.id}$`, "m"));
    },
  );

  await t.step("a workspace is followed from its making to its end", async (step) => {
    await using watching = watchWithKubectl(cluster, ["cws", "-n", "lab", "--output-watch-events"]);
    const told = () =>
      cells(watching.lines.join("\n")).filter(([, name]) => name === "coder.owner.dev")
        .map((row) => `${row[0]} ${row[5]}`);
    const blocker = await coderd.createWorkspace({ template, name: "blocker", noWait: true });
    await lab.says("wait", "cws/coder.owner.blocker", "--for=create", "--timeout=170s");
    const dev = await coderd.createWorkspace({ template, name: "dev", noWait: true });

    await step.step("wait --for=create and for pending", async () => {
      await lab.says("wait", "cws/coder.owner.dev", "--for=create", "--timeout=170s");
      const [, row] = await lab.table("get", "cws", "coder.owner.dev");
      assert.deepEqual(row?.slice(0, 5), ["coder.owner.dev", "coder", "owner", "slow", "pending"]);
      assert.match(
        await lab.fails("wait", "cws/coder.owner.dev", "--for=condition=Ready", "--timeout=1s"),
        /timed out waiting for the condition on coderworkspaces\/coder\.owner\.dev/,
      );
      await watching.until(() => told().length > 0, "the workspace");
    });

    await step.step("its log is followed while it is built, and ends with the build", async () => {
      await open("start-blocker");
      const goOn = async () => {
        await watching.until(() => told().includes("MODIFIED starting"), "the start");
        await open("start-dev");
      };
      const [log, ready] = await Promise.all([
        lab.says("get", "--raw", `${path}/coderworkspaces/coder.owner.dev/log?follow=true`),
        lab.says("wait", "cws/coder.owner.dev", "--for=condition=Ready", "--timeout=170s"),
        goOn(),
      ]);
      assert.match(log, /^==> Setting up\n(?:.*\n)*==> Starting workspace\n(?:.*\n)*==> Cleaning Up\n/);
      // Terraform says several lines at once here; nobody sees how they are packed.
      assert.match(log, /Try running "terraform plan" to see\nany changes/);
      assert.equal(ready, "coderworkspace.aggregation.coder.com/coder.owner.dev condition met\n");
      assert.equal(
        await lab.says("get", "cws", "coder.owner.dev", "-o", "jsonpath={.spec.running} {.status.id}"),
        `true ${dev.id}`,
      );
    });

    await step.step("wait --for=jsonpath while it stops", async () => {
      const stopping = coderd.buildWorkspace(dev.id, "stop");
      await lab.says("wait", "cws/coder.owner.dev", "--for=jsonpath={.spec.running}=false", "--timeout=170s");
      const [, row] = await lab.table("get", "cws", "coder.owner.dev");
      assert.match(row?.[4] ?? "", /^(pending|stopping)$/);
      const under = "--for=jsonpath={.status.latestBuildStatus}=stopping";
      await lab.says("wait", "cws/coder.owner.dev", under, "--timeout=170s");
      await open("stop");
      const stopped = "--for=jsonpath={.status.latestBuildStatus}=stopped";
      await lab.says("wait", "cws/coder.owner.dev", stopped, "--timeout=170s");
      await stopping;
      // It is as it should be, and cannot be used: nothing is ready, and nothing is wrong.
      assert.equal(
        await lab.says("get", "cws", "coder.owner.dev", "-o", "jsonpath={.status.conditions[*].type}"),
        "Building Dormant Outdated",
      );
    });

    await step.step("wait --for=delete while it is deleted", async () => {
      const deleting = coderd.buildWorkspace(dev.id, "delete");
      await lab.says("wait", "cws/coder.owner.dev", "--for=delete", "--timeout=170s");
      await deleting;
      assert.match(await lab.fails("get", "cws", "coder.owner.dev"), /^Error from server \(NotFound\): /);
    });

    await step.step("get -w has shown every state once, in order", async () => {
      await watching.until(() => told().some((line) => line.startsWith("DELETED")), "the deletion");
      const seen = told();
      // Every build begins by waiting for the daemon; after the first one that is too short to be seen each time.
      const [first, ...rest] = seen.filter((line, index) => line !== seen[index - 1]);
      assert.equal(first, "ADDED pending");
      const shown = rest.filter((line) => !line.endsWith("pending") && line !== "MODIFIED deleting");
      assert.deepEqual(shown.slice(0, -1), [
        "MODIFIED starting",
        "MODIFIED running",
        "MODIFIED stopping",
        "MODIFIED stopped",
      ]);
      assert.match(shown.at(-1) ?? "", /^DELETED /);
    });
    await coderd.waitForBuild(blocker.latest_build.id);
  });

  await t.step("a build that fails says so, and why", async () => {
    const broken = await coderd.createTemplate({ name: "broken", files: slowTemplate(directory, "exit 7") });
    await coderd.createWorkspace({ template: broken, name: "bad", noWait: true });
    await lab.says("wait", "cws/coder.owner.bad", "--for=create", "--timeout=170s");
    await lab.says("wait", "cws/coder.owner.bad", "--for=condition=Stalled", "--timeout=170s");
    const described = await lab.says("describe", "cws", "coder.owner.bad");
    assert.match(described, /^ {4}Reason: +BuildFailed$/m);
    assert.match(described, /^ {4}Error: +terraform apply: exit status 1$/m);
    assert.deepEqual(await lab.names("get", "cws", "--field-selector=status.latestBuildStatus=failed"), [
      "coder.owner.bad",
    ]);
  });

  const agents = await coderd.createTemplate({ name: "agents", files: agentTemplate() });
  const web = await coderd.createWorkspace({
    template: agents,
    name: "web",
    fields: { ttl_ms: 3_600_000, autostart_schedule: "CRON_TZ=UTC 30 9 * * 1-5" },
  });

  await t.step("with an agent, ready means that it is connected", async () => {
    await lab.says("wait", "cws/coder.owner.web", "--for=condition=Ready", "--timeout=170s");
    const { spec, status } = await rig.get("/namespaces/lab/coderworkspaces/coder.owner.web");
    assert.deepEqual([spec.ttlMillis, spec.autostartSchedule, spec.running], [
      3_600_000,
      "CRON_TZ=UTC 30 9 * * 1-5",
      true,
    ]);
    assert.deepEqual(status.agents.map(({ name, status: state }: Record<string, string>) => [name, state]), [
      ["main", "connected"],
    ]);
    assert.deepEqual(status.health, { healthy: true });
    assert.match(status.deadline, /^\d{4}-\d\d-\d\dT/);
    assert.equal(status.ownerID, ownerId);
    assert.equal(status.id, web.id);
  });

  await t.step("get shows columns that a person wants, more with -o wide, and other forms", async () => {
    const [heading, ...rows] = await lab.table("get", "cws");
    assert.deepEqual(heading, ["NAME", "ORGANIZATION", "OWNER", "TEMPLATE", "STATUS", "AGE"]);
    assert.deepEqual(rows.map((row) => row.slice(0, 5)), [
      ["coder.owner.bad", "coder", "owner", "broken", "failed"],
      ["coder.owner.blocker", "coder", "owner", "slow", "running"],
      ["coder.owner.web", "coder", "owner", "agents", "running"],
    ]);
    for (const row of rows) assert.match(row[5] ?? "", /^(\d+m)?(\d+s)?$/);
    const [wide, shown] = await lab.table("get", "cws", "coder.owner.web", "-o", "wide");
    assert.deepEqual(wide?.slice(5), [
      "HEALTHY",
      "OUTDATED",
      "VERSION",
      "LAST USED",
      "STOPS AT",
      "URL",
      "AGE",
    ]);
    assert.deepEqual([shown?.[5], shown?.at(-2)], ["true", `${coderd.url}/@owner/web`]);
    assert.equal(
      await lab.says("get", "cws", "coder.owner.web", "-o", "name"),
      "coderworkspace.aggregation.coder.com/coder.owner.web\n",
    );
    const yaml = await lab.says("get", "coderworkspaces", "coder.owner.web", "-o", "yaml");
    assert.match(yaml, /^apiVersion: aggregation\.coder\.com\/v1alpha1\nkind: CoderWorkspace\nmetadata:\n/);
    assert.match(yaml, new RegExp(`^ {2}uid: ${web.id}$`, "m"));
    assert.equal((await lab.table("get", "cws", "--no-headers", "--chunk-size=1")).length, 3);
    assert.deepEqual(await lab.names("get", "cws", "--sort-by={.metadata.creationTimestamp}"), [
      "coder.owner.blocker",
      "coder.owner.bad",
      "coder.owner.web",
    ]);
  });

  await t.step("the category shows all that is Coder's", async () => {
    // What is read by its name is asked for at once; lists of templates come seldom.
    await lab.says("wait", "ctpl/coder.broken", "ctpl/coder.agents", "--for=create", "--timeout=170s");
    const names = (await lab.says("get", "coder", "-o", "name")).trimEnd().split("\n").sort();
    assert.deepEqual(names, [
      "codercontrolplane.coder.com/coder",
      "codertemplate.aggregation.coder.com/coder.agents",
      "codertemplate.aggregation.coder.com/coder.broken",
      "codertemplate.aggregation.coder.com/coder.slow",
      "coderworkspace.aggregation.coder.com/coder.owner.bad",
      "coderworkspace.aggregation.coder.com/coder.owner.blocker",
      "coderworkspace.aggregation.coder.com/coder.owner.web",
    ]);
  });

  await t.step("labels say where an object is from, and select it", async () => {
    const [, row] = await lab.table("get", "cws", "coder.owner.web", "--show-labels");
    assert.equal(
      row?.at(-1),
      "aggregation.coder.com/control-plane-name=coder,aggregation.coder.com/control-plane-namespace=lab",
    );
    const selected = (selector: string) => screen(cluster).names("get", "cws", "-A", "-l", selector);
    assert.equal((await selected("aggregation.coder.com/control-plane-name=coder")).length, 3);
    assert.deepEqual(await selected("aggregation.coder.com/control-plane-name=other"), []);
    assert.deepEqual(await selected("!aggregation.coder.com/control-plane-namespace"), []);
  });

  await t.step("every selectable field selects", async () => {
    const selected = (field: string) => lab.names("get", "cws", `--field-selector=${field}`);
    const [bad, blocker, ofWeb] = ["coder.owner.bad", "coder.owner.blocker", "coder.owner.web"];
    assert.deepEqual(await selected("metadata.name=coder.owner.web"), [ofWeb]);
    assert.deepEqual(await selected("metadata.namespace!=lab"), []);
    assert.deepEqual(await selected("spec.organization=coder"), [bad, blocker, ofWeb]);
    assert.deepEqual(await selected("spec.organization=other"), []);
    assert.deepEqual(await selected("spec.templateName=slow"), [blocker]);
    assert.deepEqual(await selected("spec.templateName!=slow"), [bad, ofWeb]);
    assert.deepEqual(await selected("spec.running=true,status.latestBuildStatus=running"), [blocker, ofWeb]);
    assert.deepEqual(await selected("status.ownerName=owner"), [bad, blocker, ofWeb]);
    assert.deepEqual(await selected("status.ownerName=somebody"), []);
    assert.deepEqual(
      await lab.names("get", "ctpl", "--field-selector=spec.organization=coder,metadata.name=coder.slow"),
      ["coder.slow"],
    );
  });

  await t.step("describe tells everything of one", async () => {
    const text = await lab.says("describe", "cws", "coder.owner.web");
    for (
      const line of [
        /^Name: +coder\.owner\.web$/m,
        /^Namespace: +lab$/m,
        /^Labels: +aggregation\.coder\.com\/control-plane-name=coder$/m,
        /^ {2}Template Name: +agents$/m,
        /^ {2}Latest Build Status: +running$/m,
        /^ {4}Message: +The workspace can be used$/m,
        /^ {4}Lifecycle State: +ready$/m,
      ]
    ) {
      assert.match(text, line);
    }
    assert.match(await lab.says("describe", "ctpl", "coder.slow"), /^ {2}Display Name: +Slow but sure$/m);
  });

  await t.step("mistakes are told as kubectl tells them", async () => {
    assert.equal(
      await lab.fails("get", "cws", "coder.owner.none"),
      'Error from server (NotFound): coderworkspaces.aggregation.coder.com "coder.owner.none" not found',
    );
    assert.equal(
      await lab.fails("get", "cws", "dev"),
      'Error from server (BadRequest): "dev" is no name of a CoderWorkspace: expected ' +
        "<organization>.<owner>.<workspace> with 2 dots, or " +
        "<control plane>.<organization>.<owner>.<workspace> with 3; it has 0",
    );
    assert.match(
      await lab.fails("get", "ctpl", "slow"),
      /BadRequest\).*expected <organization>\.<template> with 1 dot, or .* with 2; it has 0$/,
    );
    assert.match(
      await lab.fails("get", "cws", "--field-selector=spec.ttlMillis=1"),
      /field label not supported: "spec\.ttlMillis"; there are metadata\.name, .*, status\.ownerName$/,
    );
    assert.match(
      await lab.fails("get", "--raw", `${path}/coderworkspaces/coder.owner.web/log?tailLines=x`),
      /BadRequest\): invalid tailLines "x": must be a whole number, not negative$/,
    );
    assert.match(
      await lab.fails(
        "patch",
        "ctpl",
        "coder.slow",
        "--type=merge",
        "-p",
        '{"spec":{"organization":"other"}}',
      ),
      /"coder\.slow" is invalid: spec\.organization: .*cannot be changed/,
    );
    assert.match(await lab.says("delete", "cws", "coder.owner.web", "--dry-run=server"), /deleted/);
    const { latest_build: { status } } = await coderd.workspace(web.id);
    assert.equal(status, "running");
  });

  await t.step("rights are the cluster's", async () => {
    const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace: "lab", name: "nobody" });
    const nobody = screen(cluster, { namespace: "lab", kubeconfig });
    assert.match(
      await nobody.fails("get", "cws"),
      /^Error from server \(Forbidden\): coderworkspaces\.aggregation\.coder\.com is forbidden: User "system:serviceaccount:lab:nobody" cannot list resource/,
    );
    assert.match(
      await nobody.fails("get", "--raw", `${path}/coderworkspaces/coder.owner.web/log`),
      /Forbidden\).*"coderworkspaces\/log"/,
    );
    assert.deepEqual((await nobody.run("auth", "can-i", "list", "cws")).stdout, "no\n");
    const reader = screen(cluster, {
      namespace: "lab",
      kubeconfig: await rig.reader({ namespace: "lab", name: "reader" }),
    });
    assert.deepEqual((await reader.run("auth", "can-i", "list", "cws")).stdout, "yes\n");
    assert.deepEqual((await reader.run("auth", "can-i", "delete", "cws")).stdout, "no\n");
    assert.equal((await reader.names("get", "cws")).length, 3);
    assert.match(await reader.says("get", "--raw", `${path}/coderworkspaces/coder.owner.web/log`), /^==> /);
  });

  await t.step("explain tells every field, with what it means", async () => {
    // The API server fetches documents of others about once a minute.
    await waitFor(async () => (await cluster.request("GET", "/openapi/v3")).paths[API_ROOT.slice(1)], {
      what: "the API server to know the OpenAPI document",
      timeoutMs: 150_000,
      intervalMs: 500,
    });
    const spec = await lab.says("explain", "coderworkspace.spec");
    assert.match(spec, /^FIELD: spec <Object>$/m);
    assert.match(
      spec,
      /^ {2}ttlMillis\t<integer>\n {4}Milliseconds after a start at which Coder stops it; 0: never./m,
    );
    const status = await lab.says("explain", "codertemplate.status");
    assert.match(status, /^ {2}deprecationMessage\t<string>\n {4}Why it is deprecated, and what to use\.$/m);
    const all = await lab.says("explain", "cws", "--recursive");
    for (
      const line of [
        /^ {4}latestBuild\t<Object>\n {6}completedAt\t<string>$/m,
        /^ {4}conditions\t<\[\]Condition>$/m,
        /^ {6}apps\t<\[\]Object>$/m,
        /^ {4}ownerReferences\t<\[\]OwnerReference>$/m,
      ]
    ) {
      assert.match(all, line);
    }
  });

  await t.step("nothing went wrong on the way, and no log has the token", () => {
    const { lines } = rig.replica.process;
    assert.deepEqual(lines.filter((line) => line.includes('"level":"error"')), []);
    assert.equal(lines.join("\n").includes(token), false);
  });
});
