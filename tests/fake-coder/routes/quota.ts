/** Quota of workspaces: enterprise builds alone. */
import { notFound, ok } from "../reply.ts";
import type { FakeRoute } from "../route.ts";

export const quotaRoutes: readonly FakeRoute[] = [
  {
    method: "GET",
    template: "/api/v2/organizations/{organization}/members/{user}/workspace-quota",
    feature: {},
    handle: ({ state, parameters }) => {
      const { organization = "", user = "" } = parameters;
      const found = [...state.users.values()].find(({ id, username }) => id === user || username === user);
      if (state.organization(organization) === undefined || found === undefined) return notFound();
      const { budget, consumed } = state.quotas.get(found.id) ?? { budget: -1, consumed: 0 };
      return ok({ credits_consumed: consumed, budget });
    },
  },
];
