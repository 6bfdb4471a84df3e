/** Coordinator and workers are installed apart, in namespaces of one's own, and are told of each other. */
import assert from "node:assert/strict";
import { startInstallRig } from "./rig.ts";

/** The arguments of the command that a message ends with. */
function told(err: string): string[] {
  const [, command] = /: coder-k8s (install [^\n]+)\n$/.exec(err) ?? [];
  assert.ok(command, `no command is told: ${err}`);
  return command.split(" ");
}

Deno.test("coordinator and workers in namespaces of one's own find each other, or it is said what to do", async (test) => {
  await using rig = await startInstallRig("install-sides");
  const { cluster } = rig;
  const install = async (...args: string[]) => {
    const ran = await rig.run([...args, "--wait=false"]);
    assert.equal(ran.code, 0, `${ran.err}${ran.out}`);
    return ran.err;
  };
  const policies = (namespace: string, name: string) =>
    cluster.request("GET", `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/${name}`);
  /** Namespaces whose workers the coordinator of `talks` lets in. */
  const letIn = async () =>
    (await policies("talks", "coordinator")).spec.ingress[1].from.map((
      // deno-lint-ignore no-explicit-any -- as the API server has it
      { namespaceSelector }: any,
    ) => namespaceSelector.matchLabels["kubernetes.io/metadata.name"]);

  await test.step("without the other one it is told how to have it so that it fits, and then it does", async () => {
    const err = await install(
      "install",
      "--overlay=workers",
      "--namespace=boxes",
      "--coordinator-namespace=talks",
    );
    assert.match(err, /no coordinator is in talks yet/);
    const { spec } = await cluster.request(
      "GET",
      "/apis/apps/v1/namespaces/boxes/statefulsets/sandbox-worker",
    );
    assert.equal(spec.template.spec.hostUsers, false);
    const [{ args }] = spec.template.spec.containers;
    assert.ok(args.includes("--coordinator=https://coordinator.talks.svc:50050"), args.join(" "));
    const { egress } = (await policies("boxes", "sandbox-worker")).spec;
    assert.deepEqual(egress[0].to[0].namespaceSelector.matchLabels, {
      "kubernetes.io/metadata.name": "talks",
    });

    const command = told(err);
    assert.deepEqual(command, [
      "install",
      "--overlay=coordinator",
      "--namespace=talks",
      "--workers-namespace=boxes",
    ]);
    assert.equal(await install(...command), "", "both fit");
    assert.deepEqual(await letIn(), ["boxes"]);
    const again = ["install", "--overlay=workers", "--namespace=boxes", "--coordinator-namespace=talks"];
    assert.equal(await install(...again), "", "the first one sees that, too");
  });

  await test.step("a coordinator that lets in others is told of at its workers, before and after they are made", async () => {
    await install("install", "--overlay=coordinator", "--namespace=talks");
    assert.deepEqual(await letIn(), ["coder-sandboxes"]);
    const workers = ["install", "--overlay=workers", "--namespace=boxes", "--coordinator-namespace=talks"];
    const dry = await rig.run([...workers, "--dry-run"]);
    assert.match(
      dry.err,
      /lets in workers of coder-sandboxes, and not those of boxes, which will not connect/,
    );
    const err = await install(...workers);
    assert.match(err, /which will not connect/);
    assert.equal(await install(...told(err)), "");
    assert.deepEqual(await letIn(), ["boxes"]);
  });

  await test.step("workers that dial elsewhere are told of at the coordinator", async () => {
    await install("install", "--overlay=workers", "--namespace=boxes");
    const err = await install(
      "install",
      "--overlay=coordinator",
      "--namespace=talks",
      "--workers-namespace=boxes",
    );
    assert.match(err, /the workers in boxes dial a coordinator in coder-sessions, and not the one in talks/);
    assert.equal(await install(...told(err)), "");
  });

  await test.step("one namespace for both is refused, and nothing is made", async () => {
    const { code, err } = await rig.run(["install", "--overlay=workers", "--namespace=coder-sessions"]);
    assert.equal(code, 2);
    assert.match(err, /cannot both be in coder-sessions/);
    assert.equal(await cluster.find("/api/v1/namespaces/coder-sessions"), undefined);
  });

  await test.step("what was installed goes from where it is", async () => {
    for (const [shape, namespace] of [["workers", "boxes"], ["coordinator", "talks"]] as const) {
      const gone = await rig.run(["uninstall", `--overlay=${shape}`, `--namespace=${namespace}`, "--yes"]);
      assert.equal(gone.code, 0, `${gone.err}${gone.out}`);
    }
    for (
      const path of [
        "/apis/apps/v1/namespaces/boxes/statefulsets/sandbox-worker",
        "/apis/apps/v1/namespaces/talks/deployments/coordinator",
        "/apis/networking.k8s.io/v1/namespaces/talks/networkpolicies/coordinator",
      ]
    ) {
      assert.equal(await cluster.find(path), undefined, path);
    }
  });
});
