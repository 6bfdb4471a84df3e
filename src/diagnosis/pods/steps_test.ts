import assert from "node:assert/strict";
import type { BuildFacts } from "../coder_facts.ts";
import type { CoderWorkspace } from "../../api/workspace.ts";
import { podView } from "./pod_view.ts";
import { correct, describeObject, describePod, kubectl, readLog, seeEvents, shellWord } from "./steps.ts";
import { factsOf, pod } from "./testing.ts";

Deno.test("words of a shell are quoted where that is needed", () => {
  assert.equal(shellWord("dev-0.lab/x:1@sha256=a,b+c%"), "dev-0.lab/x:1@sha256=a,b+c%");
  assert.equal(shellWord("a b"), "'a b'");
  assert.equal(shellWord("$(reboot)"), "'$(reboot)'");
  assert.equal(shellWord("it's"), `'it'\\''s'`);
  assert.equal(shellWord(""), "''");
  assert.equal(shellWord("[*]"), "'[*]'");
});

Deno.test("kubectl is called with the namespace, where there is one", () => {
  assert.equal(kubectl("lab", "get", "pods"), "kubectl -n lab get pods");
  assert.equal(kubectl("", "get", "nodes"), "kubectl get nodes");
  assert.equal(kubectl("a;b", "get", "x|y"), "kubectl -n 'a;b' get 'x|y'");
});

Deno.test("a pod, its log, an object and its events are looked at by command and by tool", () => {
  const view = podView(pod());
  assert.deepEqual(describePod(view), {
    text: "See what Kubernetes says of pod dev-0.",
    command: "kubectl -n lab describe pod dev-0",
    tool: { name: "explain_pod", arguments: { namespace: "lab", name: "dev-0" } },
  });
  const [container] = view.containers;
  const now = readLog({ pod: view, container: container! }, false);
  assert.equal(now.command, "kubectl -n lab logs dev-0 -c dev --tail=100");
  assert.deepEqual(now.tool?.arguments, {
    namespace: "lab",
    name: "dev-0",
    container: "dev",
    tailLines: 100,
  });
  assert.equal(readLog({ pod: view, container: container! }, true).tool?.arguments["previous"], true);
  assert.equal(describeObject("pvc", "lab", "home").command, "kubectl -n lab describe pvc home");
  assert.deepEqual(seeEvents("lab", "ReplicaSet", "dev-7f"), {
    text: "See the events of ReplicaSet dev-7f.",
    command: "kubectl -n lab get events --field-selector=involvedObject.name=dev-7f",
    tool: { name: "get_events", arguments: { namespace: "lab", kind: "ReplicaSet", name: "dev-7f" } },
  });
});

Deno.test("what is wrong is corrected in the template of a workspace, as far as that is known", () => {
  const build = { workspace: { templateName: "kubernetes" } } as unknown as BuildFacts;
  assert.deepEqual(correct(factsOf({ build }), "the image"), {
    text: "Correct the image in the template kubernetes, push it, and update the workspace.",
    command: "coder templates pull kubernetes ./kubernetes",
  });
  const workspace = { spec: { templateName: "default.docker" } } as unknown as CoderWorkspace;
  assert.match(correct(factsOf({ workspace }), "it").text, /in the template docker,/);
  assert.deepEqual(correct(factsOf({}), "it"), {
    text: "Correct it in the workspace's template, and update the workspace.",
  });
});

Deno.test("what is wrong with others is corrected in their spec", () => {
  const of = (kind: "controlplane" | "provisioner" | "proxy") =>
    correct(factsOf({}, { kind, namespace: "lab", name: "main" }), "the image").command;
  assert.equal(of("controlplane"), "kubectl -n lab edit codercontrolplane main");
  assert.equal(of("provisioner"), "kubectl -n lab edit coderprovisioner main");
  assert.equal(of("proxy"), "kubectl -n lab edit coderworkspaceproxy main");
});
