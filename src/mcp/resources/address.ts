/** `coder://…`: how workspaces, templates, their files and their logs are named. */
import { cleanPath } from "../../archive/mod.ts";
import type { ResourceTemplate } from "../surface.ts";

/** What a URI names. */
export type ResourceAddress =
  | {
    readonly kind: "workspace" | "workspaceLog" | "template" | "templateLog";
    readonly namespace: string;
    readonly name: string;
  }
  | {
    readonly kind: "templateFile";
    readonly namespace: string;
    readonly name: string;
    /** Clean: inside of the template. */
    readonly path: string;
  };

/** Of objects. */
export const YAML = "application/yaml";
/** Of logs and files. */
export const TEXT = "text/plain";

/** All forms, for clients. */
export const RESOURCE_TEMPLATES: readonly ResourceTemplate[] = [
  {
    uriTemplate: "coder://workspaces/{namespace}/{name}",
    name: "workspace",
    title: "Workspace",
    description: "What a workspace should be and is: <organization>.<owner>.<workspace>",
    mimeType: YAML,
  },
  {
    uriTemplate: "coder://workspaces/{namespace}/{name}/log",
    name: "workspace-log",
    title: "Build log of a workspace",
    description: "The end of the log of the latest build",
    mimeType: TEXT,
  },
  {
    uriTemplate: "coder://templates/{namespace}/{name}",
    name: "template",
    title: "Template",
    description: "What a template should be and is, and the names of its files: <organization>.<template>",
    mimeType: YAML,
  },
  {
    uriTemplate: "coder://templates/{namespace}/{name}/log",
    name: "template-log",
    title: "Import log of a template",
    description: "The end of the log of the import of its latest version",
    mimeType: TEXT,
  },
  {
    uriTemplate: "coder://templates/{namespace}/{name}/files/{path}",
    name: "template-file",
    title: "File of a template",
    description: "One text file of the active version; slashes of the path as %2F",
    mimeType: TEXT,
  },
];

/** The URI. Every part is encoded: none can become another one. */
export function uriOf(address: ResourceAddress): string {
  const plural = address.kind.startsWith("workspace") ? "workspaces" : "templates";
  const base = `coder://${plural}/${encodeURIComponent(address.namespace)}/${
    encodeURIComponent(address.name)
  }`;
  if (address.kind === "templateFile") return `${base}/files/${encodeURIComponent(address.path)}`;
  return address.kind.endsWith("Log") ? `${base}/log` : base;
}

const NAMESPACE = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
/** No name of an object has a slash, a space or an empty part. */
const NAME = /^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+){0,3}$/;
const LONGEST = 4_096;

/** Undefined for what is no URI of ours. Slashes of a file's path may be encoded or not. */
export function addressOf(uri: string): ResourceAddress | undefined {
  const [, rest] = /^coder:\/\/([^?#]*)$/i.exec(uri) ?? [];
  if (rest === undefined || uri.length > LONGEST) return undefined;
  const [plural, ...encoded] = rest.split("/");
  const parts = encoded.map(decoded);
  const [namespace, name, part, ...path] = parts;
  if (parts.includes(undefined) || namespace === undefined || name === undefined) return undefined;
  if (!NAMESPACE.test(namespace) || !NAME.test(name) || name.length > 253) return undefined;
  const isWorkspace = plural === "workspaces";
  if (!isWorkspace && plural !== "templates") return undefined;
  const of = { namespace, name };
  if (part === undefined) return { kind: isWorkspace ? "workspace" : "template", ...of };
  if (part === "log" && path.length === 0) {
    return { kind: isWorkspace ? "workspaceLog" : "templateLog", ...of };
  }
  if (part !== "files" || isWorkspace || path.length === 0) return undefined;
  const file = path.join("/");
  return cleanPath(file) === file ? { kind: "templateFile", ...of, path: file } : undefined;
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
