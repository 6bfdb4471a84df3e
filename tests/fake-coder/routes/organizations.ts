/** Organizations. */
import { notFound, ok } from "../reply.ts";
import type { FakeRoute } from "../route.ts";

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
