/** Workspaces of a real Coder that are written through a real API server, and built by real Terraform. */
import assert from "node:assert/strict";
import type { CoderWorkspace } from "../../src/api/workspace.ts";
import { plainTemplate, startDeployment, type TemplateFiles } from "../coder/mod.ts";
import { RestError, waitFor } from "../cluster/mod.ts";
import { API_ROOT, startAppRig } from "./app_rig.ts";
import { cells, screen } from "./screen.ts";
import { watchWithKubectl } from "./watch_process.ts";

const NAMESPACE = "lab";
const PATH = `${API_ROOT}/namespaces/${NAMESPACE}/coderworkspaces`;

/** A workspace with a parameter, whose builds wait while `slow` is there, and fail where `fail` is. */
const touchy = (directory: string): TemplateFiles => {
  const script = `while [ -e ${directory}/slow ]; do sleep 0.1; done; test ! -e ${directory}/fail`;
  return {
    "main.tf": `terraform {
  required_providers {
    coder = {
      source = "coder/coder"
    }
  }
}

data "coder_workspace" "me" {}

data "coder_parameter" "cpus" {
  name    = "cpus"
  type    = "number"
  default = "1"
  mutable = true
  validation {
    min = 1
    max = 8
  }
}

resource "terraform_data" "workspace" {
  count = data.coder_workspace.me.start_count
  input = data.coder_parameter.cpus.value
  provisioner "local-exec" {
    command = "${script}"
  }
  provisioner "local-exec" {
    when    = destroy
    command = "${script}"
  }
}
`,
  };
};

const manifest = (name: string, spec: object, metadata: object = {}) => ({
  apiVersion: "aggregation.coder.com/v1alpha1",
  kind: "CoderWorkspace",
  metadata: { name: `coder.owner.${name}`, ...metadata },
  spec,
});
const condition = ({ status }: CoderWorkspace, type: string) =>
  status.conditions?.find((one) => one.type === type);

Deno.test("workspaces of a real Coder are written with kubectl", async (t) => {
  await using deployment = await startDeployment();
  const { coderd } = deployment;
  const { token } = await coderd.firstUser();
  await using rig = await startAppRig({ coders: { "lab/coder": { url: coderd.url, token } } });
  const { cluster } = rig;
  const lab = screen(cluster, { namespace: NAMESPACE });
  const directory = await Deno.makeTempDir();
  await using _directory = { [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }) };
  // Terraform may run as somebody else.
  await Deno.chmod(directory, 0o755);
  const held = async (what: "slow" | "fail") => {
    const file = `${directory}/${what}`;
    await Deno.writeTextFile(file, "");
    return { [Symbol.asyncDispose]: () => Deno.remove(file) };
  };
  const plain = await coderd.createTemplate({ name: "plain", files: plainTemplate() });
  const odd = await coderd.createTemplate({ name: "touchy", files: touchy(directory) });
  await waitFor(async () => (await lab.names("get", "ctpl")).length === 2, {
    what: "both templates to be shown",
    timeoutMs: 60_000,
  });

  const get = async (name: string): Promise<CoderWorkspace> =>
    await cluster.request("GET", `${PATH}/coder.owner.${name}`);
  const kubectl = (args: readonly string[], object?: object | string) =>
    cluster.kubectl(
      [...args, "-n", NAMESPACE, ...(object === undefined ? [] : ["-f", "-"])],
      {
        allowFailure: true,
        timeoutMs: 180_000,
        ...(object === undefined ? {} : { input: JSON.stringify(object) }),
      },
    );
  const done = async (args: readonly string[], object?: object) => {
    const { code, stdout, stderr } = await kubectl(args, object);
    assert.equal(code, 0, `kubectl ${args.join(" ")}: ${stderr}${stdout}`);
    return stdout;
  };
  const refused = async (args: readonly string[], object?: object) => {
    const { code, stdout, stderr } = await kubectl(args, object);
    assert.notEqual(code, 0, `kubectl ${args.join(" ")} did not fail: ${stdout}`);
    return stderr;
  };
  const patch = (name: string, body: object, type = "merge") =>
    done(["patch", "cws", `coder.owner.${name}`, "--type", type, "-p", JSON.stringify(body)]);
  const settled = async (name: string, status: string) => {
    let last: CoderWorkspace | undefined;
    await waitFor(async () => (last = await get(name)).status.latestBuildStatus === status, {
      what: `${name} to be ${status}`,
      timeoutMs: 180_000,
    }).catch((error) => {
      throw new Error(`${error.message}; ${JSON.stringify(last?.spec)} ${JSON.stringify(last?.status)}`);
    });
    return last!;
  };
  /** Transitions as Coder has them, the first one first. */
  const builds = async (name: string): Promise<string[]> => {
    const rows = await coderd.sql(
      "select b.transition::text as t from workspace_builds b join workspaces w on w.id = b.workspace_id " +
        "where w.name = :'name' order by w.created_at, b.build_number",
      { params: { name } },
    );
    return rows.map((row) => String(row["t"]));
  };
  const running = async (name: string, spec: object = {}, metadata: object = {}) => {
    await done(["create"], manifest(name, { templateName: "plain", ...spec }, metadata));
    return await settled(name, "running");
  };
  const kept = async (): Promise<string[]> => {
    const { items } = await cluster.request("GET", `/api/v1/namespaces/${NAMESPACE}/configmaps`);
    return items.map(({ metadata }: { metadata: Record<string, string> }) =>
      `${metadata["name"]} ${metadata["resourceVersion"]}`
    ).sort();
  };

  await t.step("discovery tells the verbs, and that a name can be generated", async () => {
    const rows = await screen(cluster).table(
      ...["api-resources", "--api-group=aggregation.coder.com", "-o", "wide", "--no-headers"],
    );
    assert.equal(
      rows.find(([name]) => name === "coderworkspaces")?.[5],
      "create,delete,deletecollection,get,list,patch,update,watch",
    );
    const made = await done(
      ["create", "-o", "name"],
      manifest("", { templateName: "plain" }, { name: "", generateName: "coder.owner.gen-" }),
    );
    assert.match(made, /\/coder\.owner\.gen-[a-z0-9]{5}\n$/);
    await done(["delete", made.trim(), "--wait=false"]);
  });

  await t.step("it is created, runs, and keeps labels, annotations and owners", async () => {
    const { metadata: { uid } } = await cluster.request(
      "POST",
      `/api/v1/namespaces/${NAMESPACE}/configmaps`,
      {
        metadata: { name: "owner" },
      },
    );
    const metadata = {
      labels: { team: "a" },
      annotations: { "example.com/note": "hello" },
      ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid }],
    };
    const made = await running("first", {}, metadata);
    assert.equal(made.metadata.labels?.["team"], "a");
    assert.equal(made.metadata.annotations?.["example.com/note"], "hello");
    assert.deepEqual(made.metadata.ownerReferences, metadata.ownerReferences);
    assert.deepEqual(await builds("first"), ["start"]);
    const again = await refused(["create"], manifest("first", { templateName: "plain" }));
    assert.match(again, /\(AlreadyExists\).*"coder\.owner\.first" already exists/);
  });

  await t.step("what is created with running: false is stopped in the end", async () => {
    await done(["create"], manifest("idle", { templateName: "plain", running: false }));
    assert.equal((await get("idle")).spec.running, false);
    const stopped = await settled("idle", "stopped");
    assert.deepEqual([stopped.spec.running, await builds("idle")], [false, ["start", "stop"]]);
    await waitFor(async () => condition(await get("idle"), "ChangePending") === undefined, {
      what: "nothing to be pending",
    });
    assert.deepEqual(await builds("idle"), ["start", "stop"]);
  });

  const CLIENT = ["apply"];
  const SERVER = ["apply", "--server-side", "--field-manager=flux"];

  await t.step("both kinds of apply, again and again, change nothing and build nothing", async () => {
    const spec = {
      templateName: "touchy",
      running: true,
      ttlMillis: 3_600_000,
      autostartSchedule: "CRON_TZ=UTC 30 9 * * 1-5",
      parameters: { cpus: "2" },
    };
    const metadata = { labels: { team: "b" }, annotations: { "example.com/note": "x" } };
    for (const [name, way, diff] of [["argo", CLIENT, []], ["flux", SERVER, SERVER.slice(1)]] as const) {
      const wanted = manifest(name, spec, metadata);
      await done(way, wanted);
      await settled(name, "running");
      // What Coder adds to a workspace after its build comes with lists.
      await rig.listed("lab/coder");
      const { metadata: { resourceVersion, generation } } = await get(name);
      for (let count = 0; count < 3; count++) {
        assert.match(await done(way, wanted), name === "argo" ? /unchanged/ : /serverside-applied/);
        assert.equal(await done(["diff", ...diff], wanted), "");
      }
      const now = await get(name);
      assert.deepEqual(
        [now.metadata.resourceVersion, now.metadata.generation],
        [resourceVersion, generation],
        name,
      );
      assert.deepEqual([now.spec.parameters, await builds(name)], [{ cpus: "2" }, ["start"]]);
    }
  });

  await t.step("an apply prunes what it no longer says, and a conflict names the owner", async () => {
    const spec = { templateName: "touchy", running: true, parameters: { cpus: "2" } };
    for (const [name, way] of [["argo", CLIENT], ["flux", SERVER]] as const) {
      await done(way, manifest(name, spec, { annotations: { "example.com/note": "y" } }));
      const { metadata, spec: now } = await get(name);
      assert.deepEqual(
        [metadata.labels?.["team"], metadata.annotations?.["example.com/note"], now.ttlMillis],
        [undefined, "y", undefined],
        name,
      );
      assert.equal(now.autostartSchedule, undefined);
      const [row] = await coderd.sql(
        "select ttl, autostart_schedule as cron from workspaces where name = :'name'",
        {
          params: { name },
        },
      );
      assert.deepEqual([row!["ttl"], row!["cron"]], [null, null]);
    }
    const other = ["apply", "--server-side", "--field-manager=me"];
    const clash = await refused(other, manifest("flux", { running: false }));
    assert.match(clash, /conflict with "flux".*: \.spec\.running/);
    assert.deepEqual([await builds("argo"), await builds("flux")], [["start"], ["start"]]);
  });

  await t.step("merge, JSON and strategic patches, edit and replace each do what they say", async () => {
    await patch("first", { spec: { running: false } });
    await settled("first", "stopped");
    await patch("first", [{ op: "replace", path: "/spec/running", value: true }], "json");
    await settled("first", "running");
    await patch("first", { spec: { ttlMillis: 7_200_000 } }, "strategic");
    assert.equal((await get("first")).spec.ttlMillis, 7_200_000);
    const editor = `${directory}/editor`;
    await Deno.writeTextFile(editor, '#!/bin/sh\nsed -i "s/ttlMillis: 7200000/ttlMillis: 3600000/" "$1"\n', {
      mode: 0o755,
    });
    await cluster.kubectl(["edit", "cws", "coder.owner.first", "-n", NAMESPACE], {
      env: { KUBE_EDITOR: editor },
    });
    const edited = await get("first");
    assert.deepEqual([edited.spec.ttlMillis, edited.metadata.labels?.["team"]], [3_600_000, "a"]);
    const { ttlMillis: _ttl, running: _running, ...spec } = edited.spec;
    await done(["replace"], { ...edited, spec });
    const replaced = await get("first");
    // What a replacement leaves out stays as it is.
    assert.deepEqual([replaced.spec.ttlMillis, replaced.spec.running], [3_600_000, true]);
    assert.deepEqual(await builds("first"), ["start", "stop", "start"]);
  });

  await t.step("what is so already, or under way, is not begun again", async () => {
    for (let count = 0; count < 4; count++) await patch("first", { spec: { running: true } });
    await Promise.all([1, 2, 3, 4].map(() => patch("idle", { spec: { running: true } })));
    await settled("idle", "running");
    for (let count = 0; count < 3; count++) await patch("idle", { spec: { running: true } });
    assert.deepEqual(await builds("first"), ["start", "stop", "start"]);
    assert.deepEqual(await builds("idle"), ["start", "stop", "start"]);
  });

  await t.step(
    "what is asked for while a build is active is kept, shown, and done when it is over",
    async () => {
      await done(["create"], manifest("touchy", { templateName: "touchy" }));
      await settled("touchy", "running");
      {
        await using _slow = await held("slow");
        await patch("touchy", { spec: { running: false } });
        const { stderr } = await kubectl(
          ["patch", "cws", "coder.owner.touchy", "--type=merge", '-p={"spec":{"running":true}}'],
        );
        assert.match(stderr, /Warning: it is done when the build that is active is over/);
        const now = await get("touchy");
        assert.equal(now.spec.running, true);
        assert.equal(condition(now, "ChangePending")?.reason, "BuildActive");
      }
      await settled("touchy", "running");
      await waitFor(async () => condition(await get("touchy"), "ChangePending") === undefined, {
        what: "nothing to be pending",
      });
      assert.deepEqual(await builds("touchy"), ["start", "stop", "start"]);
    },
  );

  await t.step("a build that failed is tried again when it is asked for again", async () => {
    {
      await using _fail = await held("fail");
      await patch("touchy", { spec: { running: false } });
      const failed = await settled("touchy", "failed");
      assert.equal(condition(failed, "Stalled")?.status, "True");
    }
    await patch("touchy", { spec: { running: false } });
    await settled("touchy", "stopped");
    {
      await using _fail = await held("fail");
      await patch("touchy", { spec: { running: true } });
      assert.equal((await settled("touchy", "failed")).spec.running, false);
    }
    await patch("touchy", { spec: { running: true } });
    await settled("touchy", "running");
    assert.deepEqual((await builds("touchy")).slice(3), ["stop", "stop", "start", "start"]);
  });

  await t.step("parameters and the version are changed by builds, and what is wrong is named", async () => {
    const wrong = await refused(
      ["patch", "cws", "coder.owner.touchy", "--type=merge", '-p={"spec":{"parameters":{"cpus":"99"}}}'],
    );
    assert.match(wrong, /is invalid: spec\.parameters\[cpus\]: must be at most 8/);
    await patch("touchy", { spec: { parameters: { cpus: "4" } } });
    const values = async () =>
      (await coderd.sql(
        "select p.value as v from workspace_build_parameters p join workspace_builds b on b.id = p.workspace_build_id " +
          "join workspaces w on w.id = b.workspace_id where w.name = 'touchy' order by b.build_number desc limit 1",
      ))[0]?.["v"];
    await waitFor(async () => await values() === "4", { what: "the value to be built", timeoutMs: 180_000 });
    const built = await settled("touchy", "running");
    assert.deepEqual([built.spec.parameters, built.spec.running], [{ cpus: "4" }, true]);
    const version = await coderd.importVersion({ files: plainTemplate(), template: plain });
    await patch("idle", { spec: { templateVersionID: version } });
    await waitFor(async () => {
      const now = await get("idle");
      return now.spec.templateVersionID === version && now.status.latestBuildStatus === "running" &&
        condition(now, "ChangePending") === undefined;
    }, { what: "the version to be built", timeoutMs: 180_000 });
    const foreign = await refused([
      "patch",
      "cws",
      "coder.owner.idle",
      "--type=merge",
      `-p={"spec":{"templateVersionID":"${odd.active_version_id}"}}`,
    ]);
    assert.match(foreign, /spec\.templateVersionID: is a version of another template/);
  });

  await t.step("a dry run of any verb checks everything and changes nothing", async () => {
    const state = async () => {
      const shown = await Promise.all(["first", "idle", "touchy"].map(get));
      return {
        kept: await kept(),
        builds: [await builds("first"), await builds("idle"), await builds("touchy")],
        metadata: shown.map(({ metadata }) => metadata),
        pending: shown.filter((one) => condition(one, "ChangePending") !== undefined).length,
      };
    };
    const settled = async () => {
      let before = await state();
      await waitFor(async () => {
        const last = before;
        await rig.listed("lab/coder");
        before = await state();
        return before.pending === 0 && JSON.stringify(before) === JSON.stringify(last);
      }, { what: "the end of all that was begun before", timeoutMs: 240_000 });
      return before;
    };
    const dryRuns = async () => {
      const dry = "--dry-run=server";
      const other = manifest("other", { templateName: "plain", running: false }, { labels: { team: "c" } });
      assert.match(await done(["create", dry], other), /created \(server dry run\)/);
      assert.match(
        await refused(["create", dry], manifest("other", { templateName: "none" })),
        /no template/,
      );
      assert.match(
        await refused(["create", dry], manifest("first", { templateName: "plain" })),
        /AlreadyExists/,
      );
      await done(["apply", dry], other);
      await done(["apply", "--server-side", dry], other);
      const changed = manifest("first", { templateName: "plain", running: false }, { labels: { team: "z" } });
      assert.equal((await kubectl(["diff"], changed)).code, 1);
      await done(["apply", "--server-side", dry, "--force-conflicts"], changed);
      const shown = await done([
        ...["patch", "cws", "coder.owner.first", "--type=merge", dry, "-o", "jsonpath={.spec.running}"],
        '-p={"spec":{"running":false,"ttlMillis":60000}}',
      ]);
      assert.equal(shown, "false");
      await done(["replace", dry], {
        ...await get("first"),
        spec: { templateName: "plain", running: false },
      });
      await done(["delete", dry, "cws", "coder.owner.first"]);
      await done(["delete", dry, "cws", "--all"]);
    };
    // What was begun before may be put in order later than it looks: what dry runs change, they change each time.
    for (let attempt = 1;; attempt++) {
      const before = await settled();
      await dryRuns();
      const after = await state();
      if (JSON.stringify(after) === JSON.stringify(before)) break;
      if (attempt === 3) assert.deepEqual(after, before);
    }
    assert.equal((await lab.run("get", "cws", "coder.owner.other")).code, 1);
  });

  await t.step("what cannot be changed, or is not there, is refused by its field", async () => {
    const immutable = await refused(
      ["patch", "cws", "coder.owner.first", "--type=merge", '-p={"spec":{"templateName":"touchy"}}'],
    );
    assert.match(immutable, /is invalid: spec\.templateName: Invalid value: "touchy": field is immutable/);
    const nobody = { ...manifest("x", { templateName: "plain" }), metadata: { name: "coder.nobody.x" } };
    assert.match(await refused(["create"], nobody), /metadata\.name: .*Coder has no user "nobody"/);
    const parts = { ...manifest("x", { templateName: "plain" }), metadata: { name: "x" } };
    assert.match(await refused(["create"], parts), /is no name of a CoderWorkspace/);
    const other = manifest("x", { templateName: "plain", organization: "other" });
    assert.match(await refused(["create"], other), /\(BadRequest\).*spec\.organization "other"/);
    const elsewhere = await cluster.kubectl(["create", "-n", "default", "-f", "-"], {
      allowFailure: true,
      input: JSON.stringify(manifest("x", { templateName: "plain" })),
    });
    assert.match(elsewhere.stderr, /\(BadRequest\).*namespace default has no Coder/);
  });

  await t.step("preconditions and versions are kept to", async () => {
    const { metadata: { uid, resourceVersion } } = await get("first");
    const remove = async (preconditions: object) => {
      try {
        await cluster.request("DELETE", `${PATH}/coder.owner.first`, {
          apiVersion: "v1",
          kind: "DeleteOptions",
          preconditions,
        });
        return 200;
      } catch (error) {
        if (error instanceof RestError) return error.status;
        throw error;
      }
    };
    assert.equal(await remove({ uid: crypto.randomUUID() }), 409);
    await patch("first", { metadata: { labels: { moved: "yes" } } });
    assert.equal(await remove({ uid, resourceVersion }), 409);
    assert.deepEqual(await builds("first"), ["start", "stop", "start"]);
    const stale = { ...await get("first"), spec: { running: false } };
    await patch("first", { metadata: { labels: { moved: "again" } } });
    assert.match(await refused(["replace"], stale), /\(Conflict\)/);
  });

  await t.step("finalizers are waited for; a deletion says so, is begun once, and is told", async () => {
    await using watching = watchWithKubectl(cluster, ["cws", "-n", NAMESPACE, "--output-watch-events"]);
    const told = (name: string) =>
      cells(watching.lines.join("\n")).filter(([, one]) => one === `coder.owner.${name}`).map(([event]) =>
        event
      );
    await watching.until(() => told("first").length > 0, "the state");
    await patch("first", { metadata: { finalizers: ["example.com/wait"] } });
    await done(["delete", "cws", "coder.owner.first", "--wait=false"]);
    const { metadata } = await get("first");
    assert.deepEqual([metadata.finalizers, typeof metadata.deletionTimestamp], [
      ["example.com/wait"],
      "string",
    ]);
    assert.deepEqual(await builds("first"), ["start", "stop", "start"]);
    await patch("first", { metadata: { finalizers: null } });
    for (let count = 0; count < 3; count++) {
      await kubectl(["delete", "cws", "coder.owner.first", "--wait=false", "--ignore-not-found"]);
    }
    await lab.says("wait", "cws/coder.owner.first", "--for=delete", "--timeout=170s");
    assert.deepEqual(await builds("first"), ["start", "stop", "start", "delete"]);
    await watching.until(() => told("first").at(-1) === "DELETED", "the deletion");
    assert.equal(told("first").filter((event) => event === "DELETED").length, 1);
  });

  await t.step("a deletion that fails is none any more, says why, and is asked for again", async () => {
    {
      await using _fail = await held("fail");
      const answer = await cluster.request("DELETE", `${PATH}/coder.owner.touchy`);
      assert.notEqual(answer.metadata.deletionTimestamp, undefined);
      const failed = await settled("touchy", "failed");
      assert.equal(failed.metadata.deletionTimestamp, undefined);
      assert.equal(condition(failed, "Stalled")?.reason, "BuildFailed");
    }
    await done(["delete", "cws", "coder.owner.touchy", "--timeout=170s"]);
    assert.deepEqual((await builds("touchy")).slice(-2), ["delete", "delete"]);
  });

  await t.step("a selector deletes what it selects, and nothing else", async () => {
    for (const [name, team] of [["one", "x"], ["two", "x"], ["three", "y"]] as const) {
      await done(["create"], manifest(name, { templateName: "plain" }, { labels: { team } }));
    }
    await Promise.all(["one", "two", "three"].map((name) => settled(name, "running")));
    await done(["delete", "cws", "-l", "team=x", "--timeout=170s"]);
    assert.deepEqual(await lab.names("get", "cws", "-l", "team in (x,y)"), ["coder.owner.three"]);
    assert.deepEqual(await builds("three"), ["start"]);
    await cluster.request("DELETE", `${PATH}?labelSelector=team%3Dy&fieldSelector=spec.templateName%3Dnone`);
    assert.deepEqual(await builds("three"), ["start"]);
    await cluster.request("DELETE", `${PATH}?labelSelector=team%3Dy`);
    await lab.says("wait", "cws/coder.owner.three", "--for=delete", "--timeout=170s");
    assert.deepEqual([await builds("argo"), await builds("flux")], [["start"], ["start"]]);
  });

  await t.step("with the last workspace, what was kept of them is gone, too", async () => {
    await done(["delete", "cws", "--all", "--timeout=170s"]);
    await waitFor(async () => (await kept()).every((name) => !name.includes("workspace")), {
      what: "what was kept to be removed",
      timeoutMs: 120_000,
    });
  });
});
