/** Workspaces, templates, their files and their logs, as resources. */
import { keyText, type ResourceType } from "../../api/object.ts";
import { CoderTemplates } from "../../api/template.ts";
import { CoderWorkspaces } from "../../api/workspace.ts";
import { cutText, selectLines } from "../answers/lines.ts";
import { pageOf } from "../answers/page.ts";
import { fenced } from "../answers/untrusted.ts";
import { ToolError, toolError } from "../errors.ts";
import type { ListedResource, ResourceContent, ResourceShelf, SurfaceCall } from "../surface.ts";
import type { ToolCall } from "../tool.ts";
import { readTemplate, readWholeTemplate } from "../tools/template_access.ts";
import { briefOf as templateBrief } from "../tools/template_facts.ts";
import { KUBE_MS, within } from "../../caller/within.ts";
import { readWorkspace } from "../tools/workspace_access.ts";
import { briefOf as workspaceBrief } from "../tools/workspace_facts.ts";
import { addressOf, RESOURCE_TEMPLATES, type ResourceAddress, TEXT, uriOf, YAML } from "./address.ts";
import { templateDocument, workspaceDocument } from "./document.ts";
import { visible } from "./kept.ts";

const PAGE = 100;
/** Coder keeps 1 MiB of each log; headings are beside that. */
const LOG_READ_BYTES = 2 << 20;
const LOG_BYTES = 32_768;
const FILE_BYTES = 262_144;
/** Files are read from Coder; without them, a template is told all the same. In milliseconds. */
const FILES_MS = 900;

/** Makes it. */
export function createResourceShelf(): ResourceShelf<ResourceContent & { readonly text: string }> {
  return {
    templates: RESOURCE_TEMPLATES,
    async list(cursor, call) {
      const [workspaces, templates] = await Promise.all([
        visible(call, CoderWorkspaces, undefined, KUBE_MS),
        visible(call, CoderTemplates, undefined, KUBE_MS),
      ]);
      const entries = [
        ...workspaces.map((object) => ({ kind: "workspace" as const, object })),
        ...templates.map((object) => ({ kind: "template" as const, object })),
      ];
      const { items, nextCursor } = pageOf(entries, {
        limit: PAGE,
        cursor,
        standard: PAGE,
        most: PAGE,
        keyOf: ({ kind, object: { metadata } }) => `${kind}s/${metadata.namespace}/${metadata.name}`,
        sizeOf: () => 256,
      });
      const resources = items.map(({ kind, object }) =>
        kind === "workspace" ? listedWorkspace(object) : listedTemplate(object)
      );
      return { resources, ...(nextCursor === undefined ? {} : { nextCursor }) };
    },
    async read(uri, call) {
      const address = addressOf(uri);
      if (address === undefined) {
        const forms = RESOURCE_TEMPLATES.map(({ uriTemplate }) => uriTemplate).join(", ");
        throw new ToolError("not_found", `no resource has such a URI; there are ${forms}`);
      }
      return { uri, ...await contentOf(address, call) };
    },
  };
}

function listedWorkspace(object: Parameters<typeof workspaceBrief>[0]): ListedResource {
  const { namespace, name, state = "", template = "" } = workspaceBrief(object);
  return {
    uri: uriOf({ kind: "workspace", namespace, name }),
    name: keyText({ namespace, name }),
    description: `Workspace${template === "" ? "" : ` of ${template}`}${state === "" ? "" : `, ${state}`}`,
    mimeType: YAML,
  };
}

function listedTemplate(object: Parameters<typeof templateBrief>[0]): ListedResource {
  const { namespace, name, displayName, running } = templateBrief(object);
  return {
    uri: uriOf({ kind: "template", namespace, name }),
    name: keyText({ namespace, name }),
    ...(displayName === undefined ? {} : { title: displayName }),
    description: running ? "Template" : "Template, deprecated",
    mimeType: YAML,
  };
}

interface Content {
  readonly mimeType: string;
  readonly text: string;
}

async function contentOf(address: ResourceAddress, surface: SurfaceCall): Promise<Content> {
  const call: ToolCall = { ...surface, warn() {}, progress() {} };
  const { kind, namespace, name } = address;
  const key = { namespace, name };
  switch (kind) {
    case "workspace":
      return { mimeType: YAML, text: workspaceDocument(await readWorkspace(call, key)) };
    case "template":
      return { mimeType: YAML, text: templateDocument(await withFiles(call, key)) };
    case "templateFile":
      return {
        mimeType: TEXT,
        text: fenced(`the file ${address.path} of a template`, await fileText(call, key, address.path)),
      };
    case "workspaceLog":
    case "templateLog":
      return { mimeType: TEXT, text: await logText(call, key, kind) };
  }
}

type Key = { readonly namespace: string; readonly name: string };

async function withFiles(call: ToolCall, key: Key) {
  const template = await readTemplate(call, key);
  try {
    const whole = await within(
      call.signal,
      FILES_MS,
      (signal) =>
        readWholeTemplate({ ...call, signal }, { ...key, name: template.metadata.name ?? key.name }),
    );
    return { ...template, spec: whole.spec, status: whole.status };
  } catch {
    call.signal.throwIfAborted();
    return template;
  }
}

async function fileText(call: ToolCall, key: Key, path: string): Promise<string> {
  const { spec: { files }, status } = await readWholeTemplate(call, key);
  if (files === undefined) {
    throw new ToolError(
      "unavailable",
      `the files of the template ${keyText(key)} cannot be read now: try again`,
    );
  }
  const text = Object.hasOwn(files, path) ? files[path] : undefined;
  if (text !== undefined) {
    const cut = cutText(text, FILE_BYTES);
    return cut === text ? text : `${cut}\n(truncated: it is longer than ${FILE_BYTES} bytes)\n`;
  }
  const isOpaque = status?.omittedFiles?.includes(path) === true;
  throw new ToolError(
    "not_found",
    `the template ${keyText(key)} has no ${isOpaque ? "text" : "file"} ${JSON.stringify(path)}${
      isOpaque ? ": it is no text, or too large" : ""
    }`,
  );
}

async function logText(call: ToolCall, key: Key, kind: "workspaceLog" | "templateLog"): Promise<string> {
  const type: ResourceType = kind === "workspaceLog" ? CoderWorkspaces : CoderTemplates;
  const what = `log of the ${kind === "workspaceLog" ? "workspace" : "template"} ${keyText(key)}`;
  try {
    const { bytes } = await within(
      call.signal,
      KUBE_MS,
      (signal) =>
        call.cluster.text(type, key, "log", { maxBytes: LOG_READ_BYTES, signal, timeoutMs: KUBE_MS }),
    );
    const { text, isCut } = selectLines(new TextDecoder().decode(bytes), { maxBytes: LOG_BYTES });
    return `${fenced(what, text)}${isCut ? "\nOlder lines are left out." : ""}`;
  } catch (error) {
    call.signal.throwIfAborted();
    throw toolError(error, `read the ${what}`);
  }
}
