/** The plugin as people use it: the real kubectl finds it, in front of the product, a real Coder and a played one. */
import assert from "node:assert/strict";
import { source } from "../cli/program.ts";
import { waitFor } from "../cluster/mod.ts";
import { sharedCoderd, uniqueName } from "../coder/mod.ts";
import { addWorkspace, startFakeCoder } from "../fake-coder/mod.ts";
import { startAppRig } from "../aggregated/app_rig.ts";
import { Pty } from "../ui/pty.ts";
import { pluginTerminal } from "./terminal.ts";

Deno.test("kubectl coder, on a real API server", async (t) => {
  const coderd = await sharedCoderd();
  const { token, username } = await coderd.firstUser();
  await using fake = await startFakeCoder();
  const { state } = fake;
  const owner = state.addOwner();
  const alice = state.addUser({ username: "alice", email: "alice@example.com", roles: [] });
  const bob = state.addUser({ username: "bob", email: "bob@example.com", roles: [] });
  for (const [user, name] of [[alice, "dev"], [alice, "web"], [bob, "dev"], [owner.user, "tools"]] as const) {
    addWorkspace(state, user, name);
  }
  await using rig = await startAppRig({
    coders: {
      "fake/coder": { url: fake.url, token: owner.token },
      "real/coder": { url: coderd.url, token },
    },
    args: ["--coder-poll-interval=1s", "--coder-user-mapping=email"],
  });
  const { cluster } = rig;
  await using terminal = await pluginTerminal(cluster, source);
  await waitFor(async () => (await rig.names("coderworkspaces", "fake")).length === 4, {
    what: "the workspaces of the played Coder",
    timeoutMs: 60_000,
  });
  const kubectl = async (...args: string[]) => (await cluster.kubectl(args)).stdout;

  await t.step("list is what kubectl get prints", async () => {
    // Time goes on between the two: an age is as good as another one of its length.
    const timeless = (text: string) =>
      text.replace(/\b(?:\d+[smhd])+\b/g, (age) => age.replaceAll(/\d/g, "0"));
    const same = async (ours: string[], theirs: string[]) => {
      await waitFor(
        async () =>
          timeless(await terminal.says("list", ...ours)) === timeless(await kubectl("get", "cws", ...theirs)),
        { what: `the same text of list ${ours.join(" ")}`, timeoutMs: 120_000 },
      );
    };
    await same(["-n", "fake"], ["-n", "fake"]);
    await same(["-A", "-o", "wide"], ["-A", "-o", "wide"]);
    await same(["-n=fake", "-o", "name"], ["-n=fake", "-o", "name"]);
    await same(["-n", "fake", "--owner=alice", "--no-headers"], [
      "-n",
      "fake",
      "--field-selector=status.ownerName=alice",
      "--no-headers",
    ]);
    const { items } = JSON.parse(await terminal.says("list", "-n", "fake", "-o", "json"));
    assert.deepEqual(items, JSON.parse(await kubectl("get", "cws", "-n", "fake", "-o", "json")).items);
    const { code, out, err } = await terminal.run("list");
    assert.deepEqual([code, out], [0, ""]);
    assert.match(err, /^No resources found in default namespace\.\n.*-A/);
    // The administrator's name in Kubernetes is that of the owner at the played Coder.
    assert.match(
      await terminal.says("list", "-A", "--mine", "--no-headers"),
      /^fake +coder\.admin\.tools .*\n$/,
    );
    const nobody = ["--as=someone@example.com", "--as-group=system:masters"];
    assert.match(await terminal.fails("list", "-A", "--mine", ...nobody), /someone@example\.com.*--owner/);
  });

  await t.step("a name means one's own, the owner's, or all that is said", async () => {
    const as = "--as=alice@example.com";
    await kubectl(
      "-n",
      "fake",
      "create",
      "rolebinding",
      "alice",
      "--clusterrole=edit",
      "--user=alice@example.com",
    );
    await waitFor(async () => (await terminal.run("list", "-n", "fake", as)).out.includes("alice.web"), {
      what: "the role to count",
      timeoutMs: 120_000,
    });
    assert.doesNotMatch(await terminal.says("list", "-n", "fake", as), /bob/);
    // Everywhere she may not look; in her namespace the name is hers alone.
    assert.match(
      await terminal.says("stop", "dev", "-n", "fake", as),
      /^fake\/coder\.alice\.dev: stopping\n$/,
    );
    assert.match(
      await terminal.fails("stop", "dev"),
      /^kubectl coder: dev: .*fake\/coder\.alice\.dev, fake\/coder\.bob\.dev/m,
    );
    assert.match(await terminal.fails("start", "nobody", "-n", "fake"), /there is no workspace "nobody"/);
    assert.match(
      await terminal.fails("start", "web", "-n", "real", as),
      /you may not start .*workspaces-edit/,
    );
    assert.match(
      await terminal.fails("open", "bob/dev", "-n", "fake", as),
      /there is no workspace "bob\/dev"/,
    );
  });

  await t.step("what is typed is completed, by kubectl and by bash", async () => {
    const completed = async (...words: string[]) => {
      const { out } = await terminal.program("kubectl", "__complete", "coder", ...words);
      return out.trim().split("\n").map((line) => line.split("\t")[0]);
    };
    // Completion gives up after some seconds, which a busy machine may take; a person presses the key again.
    const completes = async (words: string[], expected: string[]) => {
      let last: unknown;
      await waitFor(
        async () => JSON.stringify(last = await completed(...words)) === JSON.stringify(expected),
        {
          what: `completion of ${words.join(" ")} to be ${expected}`,
          timeoutMs: 120_000,
        },
      ).catch((error) => {
        throw new Error(`${error.message}; ${last}`);
      });
    };
    await completes(["sto"], ["stop", ":4"]);
    await completes(["-n", "fake", "log", "al"], ["alice/dev", "alice/web", ":4"]);
    await completes(["-n", "fake", "log", "coder.b"], ["coder.bob.dev", ":4"]);
    await completes(["-n", "fake", "stop", "bob/dev", "b"], [":4"]);
    await completes(["list", "--namespace=fa"], ["--namespace=fake", ":4"]);
    await completes(["--context=none", "log", ""], [":4"]);
    // bash-completion's one function that kubectl's script needs, as far as it needs it.
    const script = `_get_comp_words_by_ref() {
  cur=\${COMP_WORDS[COMP_CWORD]}; prev=\${COMP_WORDS[COMP_CWORD-1]}; words=("\${COMP_WORDS[@]}"); cword=$COMP_CWORD
}
source <(kubectl completion bash)
COMP_WORDS=(kubectl coder -n fake start ali) COMP_CWORD=5 COMP_TYPE=9 COMP_LINE='kubectl coder -n fake start ali'
COMP_POINT=\${#COMP_LINE}
__start_kubectl
echo "completed: \${COMPREPLY[*]}"
`;
    await terminal.install("complete.sh", `#!/usr/bin/env bash\n${script}`);
    // Of hers the one is stopped or being so, the other runs.
    await waitFor(
      async () => /^completed: alice\/dev\s*$/m.test((await terminal.program("complete.sh")).out),
      {
        what: "bash to complete the name",
        timeoutMs: 120_000,
      },
    );
  });

  const directory = await Deno.makeTempDir();
  await using _directory = { [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }) };
  // Terraform may run as somebody else.
  await Deno.chmod(directory, 0o755);
  const template = await coderd.createTemplate({ files: heldTemplate(`${directory}/held`) });
  const [one, two] = [uniqueName("one"), uniqueName("two")];
  await Promise.all([one, two].map((name) => coderd.createWorkspace({ template, name })));
  await waitFor(async () => {
    const names = await rig.names("coderworkspaces", "real");
    return [one, two].every((name) => names.some((each) => each.endsWith(`.${name}`)));
  }, { what: "the workspaces of the real Coder", timeoutMs: 60_000 });
  const object = async (name: string) =>
    JSON.parse(await kubectl("get", "cws", "-n", "real", `coder.${username}.${name}`, "-o", "json"));

  await t.step("workspaces are stopped and started, several at once, with the log of the build", async () => {
    const { code, out, err } = await terminal.run("stop", one, two, "nobody", "-n", "real", "--wait");
    assert.equal(code, 1, out);
    assert.match(err, /^kubectl coder: nobody: there is no workspace/m);
    for (const name of [one, two]) {
      assert.ok(out.includes(`real/coder.${username}.${name}: stopping\n`), out);
      assert.ok(out.includes(`real/coder.${username}.${name}: is stopped\n`), out);
      assert.equal((await object(name)).status.latestBuildStatus, "stopped");
    }
    const started = await terminal.says("start", one, "-n", "real", "--follow");
    assert.match(started, /: starting\n==> [^]*Apply complete![^]*: runs\n$/);
    const { number } = (await object(one)).status.latestBuild;
    assert.equal(number, 3);
    assert.match(await terminal.says("start", one, "-n", "real"), /: runs\n$/);
    assert.equal((await object(one)).status.latestBuild.number, number, "nothing was built anew");
    assert.match(await terminal.says("log", one, "-n=real", "--build=2"), /^==> [^]*Apply complete!/);
    assert.match(
      await terminal.says("log", `${username}/${one}`, "--tail=1", "--timestamps", "-f"),
      /^\d{4}-\d\d-\d\dT\S+ .*\n$/,
    );
    assert.equal(
      await terminal.says("open", `${username}/${one}`, "--print"),
      `${(await object(one)).status.accessURL}\n`,
    );
  });

  await t.step("a restart that is interrupted says how it leaves the workspace", async () => {
    await Deno.writeTextFile(`${directory}/held`, "");
    const restart = terminal.begin("restart", one, "-n", "real");
    await waitFor(() => restart.printed.out.includes(": stopping\n"), {
      what: "the stop",
      timeoutMs: 120_000,
    });
    restart.child.kill("SIGINT");
    const { code, out, err } = await restart.ended;
    assert.deepEqual([code, out.includes("starting")], [130, false], err);
    assert.match(
      err,
      /interrupted: \S+ is being stopped, and stays so: kubectl coder start \S+ -n real starts it/,
    );
    await Deno.remove(`${directory}/held`);
    assert.match(
      await terminal.says("restart", one, "--wait", "-n", "real"),
      /: is stopped\n[^]*: starting\n[^]*: runs\n$/,
    );
    assert.equal((await object(one)).spec.running, true);
  });

  await t.step(
    "ssh hands over to the Coder CLI, with its exit code, and to no Coder that the CLI does not know",
    async () => {
      const name = `${username}/${one}`;
      const home = terminal.with({ env: { HOME: directory, CODER_CONFIG_DIR: `${directory}/cli` } });
      assert.match(await home.fails("ssh", name), /the Coder CLI is not installed.*coder login/);
      await terminal.install("coder", '#!/bin/sh\necho "$CODER_URL $*"\nexit 7\n');
      const { code, out } = await home.run("ssh", name, "-n", "real", "--", "ls", "-l", "a b");
      assert.deepEqual([code, out], [7, `${coderd.url} ssh ${name} -- ls -l a b\n`]);
      await Deno.mkdir(`${directory}/cli`);
      await Deno.writeTextFile(`${directory}/cli/url`, "https://elsewhere.example.com\n");
      assert.match(await home.fails("ssh", name), /logged in at https:\/\/elsewhere\.example\.com, and this/);
      await Deno.remove(`${directory}/cli/url`);
      await Deno.writeTextFile(`${directory}/cli/session`, "secret-token");
      assert.match(
        await home.fails("ssh", name),
        /a session in \S+\/cli\/session, and does not say of which/,
      );
      await Deno.remove(`${directory}/cli/session`);
      await terminal.install(
        "coder",
        "#!/bin/sh\ntest -t 0 && test -t 1 || exit 3\ntrap 'echo interrupted; exit 130' INT\nstty size\nread line\n" +
          'echo "read: $line"\nwhile :; do sleep 0.1; done\n',
      );
      await using pty = new Pty({
        binary: `${terminal.programs}/kubectl`,
        args: ["coder", "ssh", name, "-n", "real"],
        env: home.environment,
        columns: 91,
      });
      await pty.until(({ output }) => output.includes("24 91"), "the size of the terminal");
      await pty.type("hello\r");
      await pty.until(({ output }) => output.includes("read: hello"), "what was typed");
      await pty.type("\x03");
      assert.deepEqual(await pty.end(), { exit: 130, raw: false });
      assert.match(pty.output, /interrupted/);
      await Deno.remove(`${terminal.programs}/coder`);
    },
  );

  await t.step("while Coder is away it is said what waits, and what cannot be read", async () => {
    await fake.stop();
    const away = /the Coder of fake\/coder cannot be reached now.*Try again in \d+ s/;
    assert.match(await terminal.fails("stop", "tools", "-n", "fake", "--request-timeout=2"), away);
    assert.match(
      await terminal.fails("log", "bob/dev", "-n", "fake", "--request-timeout=2"),
      away,
    );
    await fake.start();
  });

  await t.step("it is said that the server is away, and that it is not installed", async () => {
    await rig.replica.process.stop();
    const says = async (words: RegExp) => {
      let last = "";
      await waitFor(async () => words.test(last = (await terminal.run("list", "--request-timeout=5s")).err), {
        what: `${words}`,
        timeoutMs: 120_000,
      }).catch((error) => {
        throw new Error(`${error.message}; ${last}`);
      });
    };
    await says(/^kubectl coder: coder-k8s, which serves workspaces, does not answer the API server/m);
    await cluster.request(
      "DELETE",
      "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.aggregation.coder.com",
    );
    await says(/^kubectl coder: this cluster does not serve Coder's workspaces: .*not installed/m);
  });
  fake.assertClean();
});

/** A workspace whose stop waits as long as a file is there. */
function heldTemplate(file: string) {
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
    when    = destroy
    command = "while [ -e ${file} ]; do sleep 0.1; done"
  }
}
`,
  };
}
