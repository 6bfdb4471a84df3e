/** Which Coder user somebody is: a rule, and nothing else; no name is guessed. */
import type { KubeUser } from "./user.ts";

/** How users of Kubernetes and users of Coder are matched. */
export interface CoderUserRule {
  /** What the user's name is in Coder; `none`: nobody is matched. @default {"none"} */
  readonly mapping: CoderUserMapping;
  /**
   * Comes off the front of the name first, such as `oidc:`. Who does not have it is nobody: names without it come from
   * another source, where anybody may be called anything. @default {""}
   */
  readonly prefix?: string;
}

/** Values of `--coder-user-mapping`. */
export const CODER_USER_MAPPINGS = ["username", "email", "none"] as const;
export type CoderUserMapping = (typeof CODER_USER_MAPPINGS)[number];

/** A user of Coder, or nobody and why. */
export type MappedCoderUser =
  | {
    /** Usernames are to be compared exactly; e-mail addresses are in lower case, as far as ASCII goes, and to be compared so. */
    readonly by: "username" | "email";
    readonly value: string;
  }
  | { readonly by: "nobody"; readonly why: string };

/** Coder's rule for usernames. */
const USERNAME = /^[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*$/;
const MAX_USERNAME = 32;
/** Coder reads it as "whoever asks", which would be the operator. */
const ME = "me";
/** One address, without names, comments, quotes or spaces around it. */
const EMAIL = /^[^\s@"(),:;<>[\\\]]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*$/;
const MAX_EMAIL = 254;
/** Components of Kubernetes and service accounts; nobody else may have such a name. */
const SYSTEM = "system:";

/** Maps somebody to a Coder user, by `rule` alone. */
export function mapCoderUser({ name }: Pick<KubeUser, "name">, rule: CoderUserRule): MappedCoderUser {
  const { mapping, prefix = "" } = rule;
  if (mapping === "none") return nobody("users are not mapped to users of Coder here");
  if (name.startsWith(SYSTEM)) return nobody(`${JSON.stringify(name)} is no person`);
  if (!name.startsWith(prefix)) return nobody(`${JSON.stringify(name)} does not begin with "${prefix}"`);
  const rest = name.slice(prefix.length);
  return mapping === "email" ? byEmail(rest) : byUsername(rest);
}

function byUsername(name: string): MappedCoderUser {
  if (name.length > MAX_USERNAME || !USERNAME.test(name) || name.toLowerCase() === ME) {
    return nobody(`${JSON.stringify(name)} is no username of Coder`);
  }
  return { by: "username", value: name };
}

function byEmail(name: string): MappedCoderUser {
  // ASCII alone: U+212A, the sign for Kelvin, would become the letter k, and its holder somebody else.
  const value = name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  if (value.length > MAX_EMAIL || !EMAIL.test(value)) {
    return nobody(`${JSON.stringify(name)} is no e-mail address`);
  }
  return { by: "email", value };
}

function nobody(why: string): MappedCoderUser {
  return { by: "nobody", why };
}
