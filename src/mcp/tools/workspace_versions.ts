/** Versions and presets by name, as people know them. */
import type { CoderTemplate } from "../../api/template.ts";
import { ToolError, toolError } from "../errors.ts";
import type { ToolCall } from "../tool.ts";
import { CODER_MS, openCoder } from "./workspace_access.ts";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @param template undefined where it is not there, or the caller may not read it */
export async function choiceOf(
  { version, preset }: { readonly version?: string | undefined; readonly preset?: string | undefined },
  template: CoderTemplate | undefined,
  call: ToolCall,
): Promise<{ readonly versionId?: string | undefined; readonly presetId?: string | undefined }> {
  const id = await versionIdOf(version, template, call);
  return { versionId: id, presetId: await presetIdOf(preset, id, template, call) };
}

async function versionIdOf(
  version: string | undefined,
  template: CoderTemplate | undefined,
  call: ToolCall,
): Promise<string | undefined> {
  if (version === undefined || version === "" || UUID.test(version)) return version || undefined;
  if (template === undefined) throw unknownTemplate("version");
  const { metadata: { name = "", uid = "" } } = template;
  if (version === "active") return activeOf(template);
  const found = await asked(
    template,
    call,
    (client, options) => client.templates.versionNamed(uid, version, options),
  );
  if (found !== undefined) return found.id;
  throw new ToolError("not_found", `version: ${name} has no version ${JSON.stringify(version)}`);
}

async function presetIdOf(
  preset: string | undefined,
  version: string | undefined,
  template: CoderTemplate | undefined,
  call: ToolCall,
): Promise<string | undefined> {
  if (preset === undefined || preset === "" || UUID.test(preset)) return preset || undefined;
  if (template === undefined) throw unknownTemplate("preset");
  const presets = await asked(template, call, async ({ templates, templateInputs }, options) => {
    const id = version ?? activeOf(template) ?? "";
    // Of other templates, the caller need not know anything.
    const { template_id } = await templates.version(id, options);
    return template_id === template.metadata.uid ? await templateInputs.presets(id, options) : [];
  });
  const found = presets.find(({ name }) => name === preset);
  if (found !== undefined) return found.id;
  const names = presets.map(({ name }) => name).sort().join(", ");
  throw new ToolError(
    "not_found",
    `preset: there is no ${JSON.stringify(preset)}; there are: ${names === "" ? "none" : names}`,
  );
}

/** The version that new workspaces are built of. */
export function activeOf({ spec, status }: CoderTemplate): string | undefined {
  return status?.activeVersionID ?? spec.versionID;
}

type Client = Awaited<ReturnType<typeof openCoder>>["client"];

async function asked<R>(
  template: CoderTemplate,
  call: ToolCall,
  ask: (client: Client, options: { signal: AbortSignal; timeoutMs: number }) => Promise<R>,
): Promise<R> {
  try {
    const { client } = await openCoder(call, template, "get");
    return await ask(client, { signal: call.signal, timeoutMs: CODER_MS });
  } catch (error) {
    throw toolError(error, `ask Coder for versions of ${template.metadata.name}`);
  }
}

function unknownTemplate(field: string): ToolError {
  return new ToolError("not_found", `${field}: its template is not there, or cannot be read: give a UUID`);
}
