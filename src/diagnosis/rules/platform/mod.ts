/** Rules about platform. */
import type { Rule } from "../../types.ts";
import { ambiguousControlPlanes } from "./ambiguous_control_planes.ts";
import { apiServiceUnavailable } from "./api_service_unavailable.ts";
import { certificateExpired } from "./certificate_expired.ts";
import { certificateExpiresSoon } from "./certificate_expires_soon.ts";
import { certificateKeyMismatch } from "./certificate_key_mismatch.ts";
import { certificateUnreadable } from "./certificate_unreadable.ts";
import { certificateWrongName } from "./certificate_wrong_name.ts";
import { clockSkew } from "./clock_skew.ts";
import { coderAccessLost } from "./coder_access_lost.ts";
import { coderRateLimit } from "./coder_rate_limit.ts";
import { coderUnreachable } from "./coder_unreachable.ts";
import { controlPlaneNotReady } from "./control_plane_not_ready.ts";
import { gatewayRouteNotAccepted } from "./gateway_route_not_accepted.ts";
import { ingressNotServed } from "./ingress_not_served.ts";
import { ingressWithoutBackend } from "./ingress_without_backend.ts";
import { licenceExpired } from "./licence_expired.ts";
import { licenceInGracePeriod } from "./licence_in_grace_period.ts";
import { licenceMissingForFeature } from "./licence_missing_for_feature.ts";
import { licenceNotApplied } from "./licence_not_applied.ts";
import { loadBalancerFailing } from "./load_balancer_failing.ts";
import { postgresDatabaseMissing } from "./postgres_database_missing.ts";
import { postgresRefusesPassword } from "./postgres_refuses_password.ts";
import { postgresSchema } from "./postgres_schema.ts";
import { postgresTls } from "./postgres_tls.ts";
import { postgresUnreachable } from "./postgres_unreachable.ts";
import { proxyAddressMismatch } from "./proxy_address_mismatch.ts";
import { proxyNotEntitled } from "./proxy_not_entitled.ts";
import { proxyNotRegistered } from "./proxy_not_registered.ts";
import { proxyTokenMissing } from "./proxy_token_missing.ts";
import { proxyTokenRefused } from "./proxy_token_refused.ts";
import { proxyUnhealthy } from "./proxy_unhealthy.ts";
import { proxyUnreachable } from "./proxy_unreachable.ts";
import { proxyUnregistered } from "./proxy_unregistered.ts";

export const PLATFORM_RULES: readonly Rule[] = [
  ambiguousControlPlanes,
  apiServiceUnavailable,
  certificateExpired,
  certificateExpiresSoon,
  certificateKeyMismatch,
  certificateUnreadable,
  certificateWrongName,
  clockSkew,
  coderAccessLost,
  coderRateLimit,
  coderUnreachable,
  controlPlaneNotReady,
  gatewayRouteNotAccepted,
  ingressNotServed,
  ingressWithoutBackend,
  licenceExpired,
  licenceInGracePeriod,
  licenceMissingForFeature,
  licenceNotApplied,
  loadBalancerFailing,
  postgresDatabaseMissing,
  postgresRefusesPassword,
  postgresSchema,
  postgresTls,
  postgresUnreachable,
  proxyAddressMismatch,
  proxyNotEntitled,
  proxyNotRegistered,
  proxyTokenMissing,
  proxyTokenRefused,
  proxyUnhealthy,
  proxyUnreachable,
  proxyUnregistered,
];
