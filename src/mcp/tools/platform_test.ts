import assert from "node:assert/strict";
import { createCatalog } from "../catalog.ts";
import { platformTools } from "./platform.ts";

const tools = platformTools("1.2.3");

Deno.test("the tools of the Go server about the platform are all there, by default", () => {
  const catalog = createCatalog({ tools });
  assert.deepEqual(catalog.tools.map(({ name }) => name), [
    "check_health",
    "get_control_plane_deployment_status",
    "get_control_plane_status",
    "get_service_status",
    "list_control_plane_pods",
    "list_control_planes",
  ]);
});

Deno.test("the others come with their toolset, and rotation goes where nothing may be changed", () => {
  const names = (readOnly: boolean) =>
    createCatalog({ tools, toolsets: ["platform"], readOnly }).tools.map(({ name }) => name);
  assert.deepEqual(names(false), [
    "get_license_and_entitlements",
    "get_provisioner_key_age",
    "get_provisioner_status",
    "get_workspace_proxy_status",
    "list_provisioner_daemons",
    "list_provisioner_jobs",
    "list_provisioners",
    "list_workspace_proxies",
    "rotate_provisioner_key",
  ]);
  assert.deepEqual(names(false).filter((name) => !names(true).includes(name)), ["rotate_provisioner_key"]);
});

Deno.test("inputs and outputs of the Go server's tools have its fields", () => {
  const fields: Record<string, [input: string[], output: string[]]> = {
    list_control_planes: [["namespace"], ["items"]],
    get_control_plane_status: [["namespace", "name"], [
      "observedGeneration",
      "readyReplicas",
      "url",
      "phase",
      "conditions",
    ]],
    list_control_plane_pods: [["namespace", "name", "limit"], ["items", "truncated"]],
    get_control_plane_deployment_status: [["namespace", "name"], [
      "name",
      "namespace",
      "replicas",
      "readyReplicas",
      "updatedReplicas",
      "availableReplicas",
      "unavailableReplicas",
      "observedGeneration",
      "conditions",
    ]],
    get_service_status: [["namespace", "name"], [
      "name",
      "namespace",
      "type",
      "clusterIP",
      "ports",
      "annotations",
    ]],
    check_health: [[], ["status", "version"]],
  };
  for (const [name, [input, output]] of Object.entries(fields)) {
    const tool = tools.find((one) => one.name === name)!;
    assert.deepEqual(input.filter((field) => !(field in tool.input.shape)), [], name);
    assert.deepEqual(output.filter((field) => !(field in tool.output.shape)), [], name);
  }
});
