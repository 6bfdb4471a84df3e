/** What a visit does, in order. */
import { type AccessOptions, accessStep } from "./access/access.ts";
import { contentsFirst } from "../deletion/contents_first.ts";
import { entitlementsStep } from "./license/entitlements_step.ts";
import { firstUserStep } from "./first_user_step.ts";
import { licenseStep } from "./license/license_step.ts";
import { reachStep } from "./reach_step.ts";
import { schemaStep } from "./schema_step.ts";
import type { VisitStep } from "./visit.ts";

/** Makes the steps; each remembers what it did for each control plane. */
export function visitSteps(access: AccessOptions = {}): VisitStep[] {
  return [
    reachStep(),
    firstUserStep(),
    contentsFirst(accessStep(access)),
    schemaStep(access),
    licenseStep(),
    entitlementsStep(),
  ];
}
