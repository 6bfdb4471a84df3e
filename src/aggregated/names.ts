/**
 * Names of Coder's objects as Kubernetes has them: `<organization>.<owner>.<workspace>` and `<organization>.<template>`,
 * both with `<control plane>.` before them where a namespace has several control planes.
 */

/** The parts of a workspace's name. */
export interface WorkspaceName {
  /** Absent in the plain form. */
  readonly controlPlane?: string;
  readonly organization: string;
  readonly owner: string;
  readonly workspace: string;
}

/** The parts of a template's name. */
export interface TemplateName {
  /** Absent in the plain form. */
  readonly controlPlane?: string;
  readonly organization: string;
  readonly template: string;
}

/** A text that is no name of such an object. The message says why, for the caller to read. */
export class NameError extends Error {
  override readonly name = "NameError";
}

const MAX_PART = 32;
/** As Coder has it: no dots, so that nothing else can be meant by one. */
const PART = /^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/;
const CONTROL_PLANE = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
/** Paths of Coder's own pages: it gives no object such a name. */
const RESERVED = ["new", "create"];

/** Whether Coder could have given this name to an organization or a user, or to an object with `reserved` names. */
export function isCoderName(text: string, reserved: readonly string[] = []): boolean {
  return text.length <= MAX_PART && PART.test(text) && !reserved.includes(text.toLowerCase());
}

/** The name in its plain form. Undefined where Coder's data cannot be the parts of one. */
export function plainWorkspaceName({ organization, owner, workspace }: WorkspaceName): string | undefined {
  return isCoderName(organization) && isOwner(owner) && isCoderName(workspace, RESERVED)
    ? `${organization}.${owner}.${workspace}`
    : undefined;
}

/** As {@linkcode plainWorkspaceName}. */
export function plainTemplateName({ organization, template }: TemplateName): string | undefined {
  return isCoderName(organization) && isCoderName(template, RESERVED)
    ? `${organization}.${template}`
    : undefined;
}

/** `<control plane>.<plain name>`. */
export function prefixedName(controlPlane: string, plain: string): string {
  return `${controlPlane}.${plain}`;
}

/** Whether a control plane's name can stand before others: one with a dot cannot. */
export function canPrefix(controlPlane: string): boolean {
  return CONTROL_PLANE.test(controlPlane);
}

/** Reads both forms. Throws {@linkcode NameError}. */
export function parseWorkspaceName(text: string): WorkspaceName {
  const form = "<organization>.<owner>.<workspace>";
  const { controlPlane, parts } = split(text, "CoderWorkspace", form, 3);
  const [organization = "", owner = "", workspace = ""] = parts;
  checkPart(text, "organization", organization);
  checkPart(text, "owner", owner);
  checkPart(text, "workspace", workspace, RESERVED);
  if (!isOwner(owner)) {
    throw new NameError(`${quoted(text)}: ${quoted(owner)} means the caller to Coder; name the owner`);
  }
  return { ...controlPlane, organization, owner, workspace };
}

/** Reads both forms. Throws {@linkcode NameError}. */
export function parseTemplateName(text: string): TemplateName {
  const form = "<organization>.<template>";
  const { controlPlane, parts } = split(text, "CoderTemplate", form, 2);
  const [organization = "", template = ""] = parts;
  checkPart(text, "organization", organization);
  checkPart(text, "template", template, RESERVED);
  return { ...controlPlane, organization, template };
}

/** To Coder `me` is whoever asks, here the operator: never the owner that a name means. */
function isOwner(text: string): boolean {
  return isCoderName(text) && text.toLowerCase() !== "me";
}

function split(
  text: string,
  kind: string,
  form: string,
  count: number,
): { controlPlane: { controlPlane?: string }; parts: string[] } {
  const parts = text.split(".");
  if (parts.length === count) return { controlPlane: {}, parts };
  if (parts.length !== count + 1) {
    throw new NameError(
      `${quoted(text)} is no name of a ${kind}: expected ${form} with ${count - 1} ${
        count === 2 ? "dot" : "dots"
      }, ` +
        `or <control plane>.${form} with ${count}; it has ${parts.length - 1}`,
    );
  }
  const [controlPlane = "", ...rest] = parts;
  if (!canPrefix(controlPlane)) {
    throw new NameError(
      `${quoted(text)}: ${quoted(controlPlane)} (part 0, the control plane) must be ` +
        "lower-case letters, digits and '-', at most 63",
    );
  }
  return { controlPlane: { controlPlane }, parts: rest };
}

function checkPart(text: string, what: string, part: string, reserved: readonly string[] = []): void {
  if (isCoderName(part, reserved)) return;
  const why = reserved.includes(part.toLowerCase())
    ? "is a name that Coder gives to no object"
    : part === ""
    ? "is empty"
    : `must be letters and digits, with single '-' between them, at most ${MAX_PART}`;
  throw new NameError(`${quoted(text)}: ${quoted(part)} (the ${what}) ${why}`);
}

/** Long enough to be recognised, short enough for a message. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
