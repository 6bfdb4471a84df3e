/** Actions on a fake Coder that has one template, for their tests. */
import { ActionError } from "../../src/actions/error.ts";
import type { TemplateActionsOptions } from "../../src/actions/templates/mod.ts";
import { bytesOf, newFile, writeTar } from "../../src/archive/mod.ts";
import { waitFor } from "../cluster/wait.ts";
import { addTemplate, addVersion, startFakeCoder } from "../fake-coder/mod.ts";
import { startTemplateRig } from "./template_rig.ts";

export const VERSIONS = "/api/v2/organizations/{organization}/templateversions";
export const TEMPLATE = "/api/v2/templates/{template}";
export const ONE = { "main.tf": "one" };
export const TWO = { "main.tf": "two" };

/** A fake Coder with a template whose only version has the files of `ONE`. */
export async function start(options: Partial<TemplateActionsOptions> = {}) {
  const fake = await startFakeCoder({ rateLimit: -1 });
  const { user, token } = fake.state.addOwner();
  const template = addTemplate(fake.state, "docker", {
    display_name: "Docker",
    default_ttl_ms: 7,
    activity_bump_ms: 8,
  });
  const first = addVersion(
    fake.state,
    template,
    bytesOf(writeTar([newFile("main.tf", "one"), newFile("logo", new Uint8Array([0xff]))])),
  );
  const wait = { timeoutMs: 60_000, backoffAfterMs: 0, initialMs: 5, maxMs: 5 };
  const rig = startTemplateRig({ url: fake.url, token, wait, ...options });
  const versions = () => fake.state.templateVersions;
  return {
    ...rig,
    fake,
    user,
    first,
    id: template.id,
    versions,
    ref: () => rig.template(template.id),
    active: () => fake.state.templates.find(({ id }) => id === template.id)?.["active_version_id"],
    /** Waits until the latest version beside the first is there. */
    made: (count = 2) =>
      waitFor(() => versions()[count - 1]?.["id"] as string | undefined, { what: "the version" }),
    condition: () => rig.actions.condition(template.id, rig.request().signal),
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]();
      await fake[Symbol.asyncDispose]();
      fake.assertClean();
    },
  };
}

export const isRefusal = (reason: string, words = /./) => (error: unknown) =>
  error instanceof ActionError && error.reason === reason && words.test(error.message);
