/** What a change would do, and whether it can be done. */
import type { Workspace } from "../../inventory/mod.ts";
import { invalid } from "../error.ts";
import type { BuildChange } from "./accept.ts";
import { checkValues, problemsOfVersion } from "./checks.ts";
import { decide } from "./decide.ts";
import type { WishRecord } from "./types.ts";
import type { Session } from "./world.ts";

/**
 * Whether the version and the values are good; warnings where they are. Throws `ActionError` where not: a wish may have to
 * wait, and nobody hears of a refusal then.
 */
export async function checkBuild(
  session: Session,
  workspace: Workspace,
  { version, parameters, presetId }: BuildChange,
): Promise<readonly string[]> {
  if (version === undefined && parameters === undefined && presetId === undefined) return [];
  const what = `workspace ${workspace.name} cannot be built so`;
  const { signal } = session;
  const { templates, templateInputs, workspaceChanges } = await session.client();
  const { latest_build: latest } = workspace;
  if (version !== undefined && version !== latest.template_version_id) {
    const problems = problemsOfVersion(await templates.version(version, { signal }), workspace.template_id);
    const refusal = invalid(what, problems);
    if (refusal !== undefined) throw refusal;
  }
  const used = version ?? latest.template_version_id;
  if (presetId !== undefined) {
    const presets = await templateInputs.presets(used, { signal });
    const isThere = presets.some(({ id }) => id === presetId);
    const message = "the version has no such preset";
    const refusal = invalid(what, isThere ? [] : [{ field: "preset", message }]);
    if (refusal !== undefined) throw refusal;
  }
  if (parameters === undefined) return [];
  const known = await templateInputs.parameters(used, { signal });
  const before = await workspaceChanges.buildParameters(latest.id, { signal });
  const { problems, warnings } = checkValues(parameters, known, before);
  const refusal = invalid(what, problems);
  if (refusal !== undefined) throw refusal;
  return warnings;
}

/** The next step, in words. */
export async function plan(session: Session, record: WishRecord, workspace: Workspace): Promise<string> {
  let step = decide({ record, workspace, parameters: undefined });
  if (step.do === "ask") {
    const { workspaceChanges } = await session.client();
    const { signal } = session;
    const parameters = await workspaceChanges.buildParameters(workspace.latest_build.id, { signal });
    step = decide({ record, workspace, parameters });
  }
  if (step.do === "build") return `a ${step.build.transition} build would be begun`;
  return step.do === "wait"
    ? `it would be kept until build ${step.build.build_number} is over`
    : "nothing would change";
}
