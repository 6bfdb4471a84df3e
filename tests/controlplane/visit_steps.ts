/** The steps of visits with a token from a test in place of the operator's own access. */
import { entitlementsStep } from "../../src/controlplane/coder/license/entitlements_step.ts";
import { firstUserStep } from "../../src/controlplane/coder/first_user_step.ts";
import { licenseStep } from "../../src/controlplane/coder/license/license_step.ts";
import { reachStep } from "../../src/controlplane/coder/reach_step.ts";
import type { VisitStep } from "../../src/controlplane/coder/visit.ts";

/** All steps; those after `Access` are signed in with `token`. */
export function stepsWithToken(token: string): VisitStep[] {
  const access: VisitStep = {
    name: "Access",
    run: (visit) => Promise.resolve(void (visit.token = token)),
  };
  return [reachStep(), firstUserStep(), access, licenseStep(), entitlementsStep()];
}
