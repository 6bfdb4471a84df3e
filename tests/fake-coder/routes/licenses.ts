/** Licences and entitlements: enterprise builds alone. */
import { randomUUID } from "node:crypto";
import { Buffer } from "node:buffer";
import { z } from "zod";
import { created, empty, ok, refuse } from "../reply.ts";
import type { FakeRoute } from "../route.ts";
import type { FakeState } from "../state.ts";

/** Every feature that a licence can name. */
export const FEATURES = [
  "user_limit",
  "audit_log",
  "connection_log",
  "browser_only",
  "scim",
  "template_rbac",
  "user_role_management",
  "high_availability",
  "multiple_external_auth",
  "external_provisioner_daemons",
  "appearance",
  "advanced_template_scheduling",
  "workspace_proxy",
  "external_token_encryption",
  "workspace_batch_actions",
  "task_batch_actions",
  "access_control",
  "control_shared_ports",
  "custom_roles",
  "multiple_organizations",
  "workspace_prebuilds",
  "managed_agent_limit",
  "workspace_external_agent",
  "aibridge",
  "boundary",
  "ai_governance_user_limit",
];

/** Features that only the larger of the two tiers has. */
export const PREMIUM_FEATURES = ["custom_roles", "multiple_organizations"];

export interface LicenseWords {
  /** Identity of the licence. @default {a new one} */
  jti?: string;
  /** @default {"enterprise"} */
  feature_set?: "enterprise" | "premium" | "";
  /** Features beyond those of the set. */
  features?: Record<string, number>;
  /** Seconds since 1970. @default {in 30 days} */
  license_expires?: number;
  trial?: boolean;
  /** Deployments it is locked to; others refuse it. */
  deployment_ids?: string[];
}

/** A licence: a JSON web token whose signature nobody checks. */
export function fakeLicense(words: LicenseWords = {}): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const license_expires = words.license_expires ?? Math.floor(Date.now() / 1_000) + 30 * 24 * 3_600;
  const claims = {
    jti: randomUUID(),
    iss: "test@coder.com",
    exp: license_expires + 24 * 3_600,
    version: 3,
    account_type: "salesforce",
    account_id: "fake",
    feature_set: "enterprise",
    all_features: false,
    features: {},
    trial: false,
    ...words,
    license_expires,
  };
  return `${part({ alg: "EdDSA", kid: "fake" })}.${part(claims)}.${
    Buffer.alloc(64, 7).toString("base64url")
  }`;
}

function claimsOf(license: string): Record<string, unknown> | undefined {
  const parts = license.split(".");
  if (parts.length !== 3) return undefined;
  try {
    const claims = JSON.parse(Buffer.from(parts[1] ?? "", "base64url").toString());
    return typeof claims === "object" && claims !== null ? claims : undefined;
  } catch {
    return undefined;
  }
}

/** What the licences allow, by feature. */
export function entitlement(state: FakeState, feature: string): "entitled" | "grace_period" | "not_entitled" {
  let best: "entitled" | "grace_period" | "not_entitled" = "not_entitled";
  const now = state.now() / 1_000;
  for (const { claims } of state.licenses) {
    if (Number(claims["exp"]) < now) continue;
    const set = claims["feature_set"];
    const inSet = set === "premium" || (set === "enterprise" && !PREMIUM_FEATURES.includes(feature));
    const named = (claims["features"] as Record<string, number> | undefined)?.[feature] ?? 0;
    if (!inSet && named <= 0) continue;
    if (Number(claims["license_expires"]) >= now) return "entitled";
    best = "grace_period";
  }
  return best;
}

export const licenseRoutes: readonly FakeRoute[] = [
  {
    method: "GET",
    template: "/api/v2/licenses",
    feature: {},
    // Those who may not see licences see an empty list.
    handle: ({ state, caller }) => {
      const visible = caller!.user.roles.includes("owner") ? state.licenses : [];
      return ok(visible.length === 0 ? null : visible.map(({ jwt: _, ...license }) => license));
    },
  },
  {
    method: "POST",
    template: "/api/v2/licenses",
    feature: {},
    owner: true,
    body: z.strictObject({ license: z.string().min(1) }),
    handle: ({ state, body }) => {
      const claims = claimsOf(body.license);
      if (claims === undefined) return refuse(400, "Invalid license", { detail: "token is malformed" });
      if (Number(claims["exp"]) < state.now() / 1_000) {
        return refuse(400, "Invalid license", { detail: "token is expired" });
      }
      const deployments = claims["deployment_ids"] as string[] | undefined;
      if (deployments !== undefined && !deployments.includes(state.deploymentId)) {
        return refuse(400, "License cannot be used on this deployment!", {
          detail: `The provided license is locked to the following deployments: ${
            JSON.stringify(deployments)
          }.`,
        });
      }
      if (state.licenses.some(({ jwt }) => jwt === body.license)) {
        return refuse(500, "Unable to add license to database", {
          detail: `pq: duplicate key value violates unique constraint "licenses_jwt_key"`,
        });
      }
      const license = {
        id: state.nextLicenseId++,
        // Old licences have no identity of their own.
        uuid: typeof claims["jti"] === "string" ? claims["jti"] : randomUUID(),
        uploaded_at: state.time(),
        claims,
      };
      state.licenses.push({ ...license, jwt: body.license });
      state.entitlementsAt = state.now();
      return created(license);
    },
  },
  {
    method: "DELETE",
    template: "/api/v2/licenses/{id}",
    feature: {},
    owner: true,
    handle: ({ state, parameters }) => {
      if (!/^\d+$/.test(parameters["id"] ?? "")) return refuse(404, "License ID must be an integer");
      const index = state.licenses.findIndex(({ id }) => String(id) === parameters["id"]);
      if (index < 0) return refuse(404, "Unknown license ID");
      state.licenses.splice(index, 1);
      state.entitlementsAt = state.now();
      return empty(200);
    },
  },
  {
    method: "POST",
    template: "/api/v2/licenses/refresh-entitlements",
    feature: {},
    owner: true,
    handle: ({ state }) => {
      const wait = Math.floor((state.entitlementsAt + 60_000 - state.now()) / 1_000);
      if (wait > 0) {
        const message = "Entitlements already recently refreshed, " +
          `please wait ${wait} seconds to force a new refresh`;
        return refuse(400, message, { headers: { "Retry-After": String(wait) } });
      }
      state.entitlementsAt = state.now();
      return ok({ message: "Entitlements updated" });
    },
  },
  {
    method: "GET",
    template: "/api/v2/entitlements",
    auth: "unchecked",
    feature: {},
    handle: ({ state }) => {
      const features = FEATURES.map((name) => {
        const entitled = entitlement(state, name);
        return [name, { entitlement: entitled, enabled: entitled !== "not_entitled" }];
      });
      return ok({
        features: Object.fromEntries(features),
        warnings: [],
        errors: [],
        // Those that have ended are none to coderd.
        has_license: state.licenses.some(({ claims }) => Number(claims["exp"]) >= state.now() / 1_000),
        trial: state.licenses.some(({ claims }) => claims["trial"] === true),
        require_telemetry: false,
        refreshed_at: state.time(),
      });
    },
  },
];
