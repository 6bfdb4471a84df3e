/** The step `Organization`: its id in Coder, from the one list for all provisioners of a control plane. */
import type { VisitStep } from "./visit.ts";

/** Finds the id. Where it is not known, Coder is told the name. */
export const organizationStep: VisitStep = {
  name: "Organization",
  async run(visit, { listings }) {
    const { entitled, place, provisioner: { spec }, signal } = visit;
    const isAsked = spec.key.existingSecret === undefined || spec.key.existingSecret === "" ||
      spec.autoscale !== undefined;
    if (place === undefined || !entitled || !isAsked) return;
    const { latest } = await listings.organization(place, spec.organizationName || "default", { signal });
    visit.organizationID = latest?.organization?.id;
  },
};
