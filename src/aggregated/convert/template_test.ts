import assert from "node:assert/strict";
import { templateDefinition } from "../../api/template.ts";
import { templateObject, withFiles } from "./template.ts";
import { PLACE, template, uuid } from "./testing.ts";

const place = { ...PLACE, name: "acme.docker" };
const object = (...parameters: Parameters<typeof template>) => templateObject(template(...parameters), place);

const SETTINGS = {
  defaultTTLMillis: 28_800_000,
  activityBumpMillis: 3_600_000,
  autostopRequirement: { daysOfWeek: [], weeks: 1 },
  autostartRequirement: { daysOfWeek: ["monday", "friday"] },
  allowUserAutostart: true,
  allowUserAutostop: true,
  allowUserCancelWorkspaceJobs: true,
  failureTTLMillis: 0,
  timeTilDormantMillis: 0,
  timeTilDormantAutoDeleteMillis: 0,
  requireActiveVersion: false,
  deprecationMessage: "",
  maxPortShareLevel: "owner",
  corsBehavior: "simple",
  useClassicParameterFlow: false,
};

Deno.test("a template becomes the whole object", () => {
  assert.deepEqual(object(), {
    apiVersion: "aggregation.coder.com/v1alpha1",
    kind: "CoderTemplate",
    metadata: {
      name: "acme.docker",
      namespace: "team-a",
      uid: uuid(4),
      creationTimestamp: "2026-03-01T08:00:00Z",
      labels: {
        "aggregation.coder.com/control-plane-name": "coder",
        "aggregation.coder.com/control-plane-namespace": "team-a",
      },
    },
    spec: {
      organization: "acme",
      versionID: uuid(11),
      displayName: "Docker",
      description: "Containers",
      icon: "/icon/docker.svg",
      settings: SETTINGS,
    },
    status: {
      id: uuid(4),
      organizationName: "acme",
      activeVersionID: uuid(11),
      updatedAt: "2026-04-02T08:00:00Z",
      accessURL: "https://coder.example.com/templates/acme/docker",
      conditions: [{
        type: "Ready",
        status: "True",
        reason: "Active",
        message: "The active version can be used",
        lastTransitionTime: "2026-04-02T08:00:00Z",
      }, {
        type: "Deprecated",
        status: "False",
        reason: "InUse",
        message: "New workspaces of it are accepted",
        lastTransitionTime: "2026-03-01T08:00:00Z",
      }],
    },
  });
});

Deno.test("what is empty is left out, organization and version never are", () => {
  const { spec } = object({ display_name: "", description: "", icon: "", organization_name: "" });
  assert.deepEqual(spec, { organization: "", versionID: uuid(11), settings: SETTINGS });
});

Deno.test("updatedAt is null for Go's zero time", () => {
  assert.equal(object({ updated_at: "0001-01-01T00:00:00Z" }).status.updatedAt, null);
});

Deno.test("a deprecated template says why", () => {
  const { status } = object({ deprecated: true, deprecation_message: "use podman" });
  assert.deepEqual([status.deprecated, status.deprecationMessage], [true, "use podman"]);
  assert.deepEqual(
    status.conditions?.map(({ status, reason, message }) => [status, reason, message]),
    [["True", "Active", "The active version can be used"], ["True", "Deprecated", "use podman"]],
  );
  assert.match(object({ deprecated: true }).status.conditions?.[1]?.message ?? "", /refused/);
});

Deno.test("without an address of Coder there is no link", () => {
  const bare = { ...place, addresses: { access: "", apps: "" } };
  assert.equal(templateObject(template(), bare).status.accessURL, undefined);
});

Deno.test("files are added to a copy", () => {
  const bare = object();
  const before = JSON.stringify(bare);
  const full = withFiles(bare, { files: { "main.tf": "x" }, omitted: ["logo.png"] });
  assert.deepEqual(full.spec.files, { "main.tf": "x" });
  assert.deepEqual(full.status.omittedFiles, ["logo.png"]);
  assert.equal(JSON.stringify(bare), before);
  assert.deepEqual(templateDefinition.spec.parse(full.spec), full.spec);
  assert.deepEqual(templateDefinition.status.parse(full.status), full.status);
});

Deno.test("no files are no field", () => {
  const full = withFiles(object(), { files: {}, omitted: [] });
  assert.equal("files" in full.spec || "omittedFiles" in full.status, false);
});
