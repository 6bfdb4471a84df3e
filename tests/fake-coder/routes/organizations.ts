/** Organizations. */
import { randomUUID } from "node:crypto";
import { notFound, ok } from "../reply.ts";
import type { FakeRoute } from "../route.ts";
import type { FakeOrganization, FakeState } from "../state.ts";

export const organizationRoutes: readonly FakeRoute[] = [
  { method: "GET", template: "/api/v2/organizations", handle: ({ state }) => ok(state.organizations) },
  {
    method: "GET",
    template: "/api/v2/organizations/{organization}",
    handle: ({ state, parameters }) => {
      const organization = state.organization(parameters["organization"] ?? "");
      return organization === undefined ? notFound() : ok(organization);
    },
  },
];

/** Adds an organization, as a premium deployment may have them beside the default one. */
export function addOrganization(state: FakeState, name: string): FakeOrganization {
  const now = state.time();
  const made = {
    id: randomUUID(),
    name,
    display_name: name,
    description: "",
    icon: "",
    is_default: false,
    created_at: now,
    updated_at: now,
  };
  state.organizations.push(made);
  return made;
}
