/** What the checks of `metadata` must know of a kind. */
import type { ObjectDefinition } from "../decode/object.ts";
import type { NameRule } from "./names.ts";

export interface KindRules {
  readonly definition: ObjectDefinition;
  /** What objects may be called. @default a DNS subdomain */
  readonly nameRule?: NameRule;
  /**
   * What becomes of an update (PUT) that does not say which version it replaces: `Invalid` is a 422 as for custom
   * resources, `BadRequest` a 400, `Allowed` replaces whatever there is. @default {"Invalid"}
   */
  readonly unversioned?: "Allowed" | "BadRequest" | "Invalid";
  /** Whether two versions of an object stand for the same content. @default whether they are equal */
  readonly isSameVersion?: (left: string, right: string) => boolean;
}
