/** Rules of who may call a coordinator. */
import type { CoordinatorConfig } from "../../app/sandbox/config.ts";
import { isLoopback } from "../../telemetry/loopback.ts";
import { certificatePair } from "../certificate_pair.ts";
import type { Mistake } from "../mistake.ts";
import type { coordinatorTable } from "./coordinator_options.ts";
import type { Values } from "./option.ts";

type CoordinatorValues = Values<typeof coordinatorTable>;
type Key = keyof CoordinatorValues & string;
type Auth = CoordinatorConfig["auth"];

/** The ways that are asked for, or those that files are given for. */
export function chosenAuth(values: Partial<CoordinatorValues>): Auth {
  if (values.auth !== undefined) return values.auth;
  const given: Auth = [
    ...(values.authTokenFile === undefined ? [] : ["token"] as const),
    ...(values.mcpOidcIssuer === undefined ? [] : ["oidc"] as const),
    ...(values.mcpProxyCaFile === undefined ? [] : ["proxy"] as const),
  ];
  return given.length === 0 || values.stdio === true ? ["off"] : given;
}

/** Ways to say who one is need what they are checked by, and nobody may come in unasked from elsewhere. */
export function* callerChecks(
  values: Partial<CoordinatorValues>,
  ways: Auth,
  where: (key: Key) => string,
): Iterable<Mistake> {
  yield* certificatePair(values, where, "mcpTlsCertFile", "mcpTlsPrivateKeyFile");
  if (values.stdio !== false) return;
  const { bindAddress } = values;
  if (ways.includes("off") && ways.length > 1) {
    yield { where: where("auth"), what: "off cannot be combined with other ways" };
  } else if (ways.includes("off") && bindAddress && !isLoopback(bindAddress.hostname)) {
    yield {
      where: where("bindAddress"),
      what:
        "is reached from other machines, so callers must say who they are: give --auth-token-file=FILE (make one with: " +
        `echo "ann $(openssl rand -hex 24)" > tokens), --oidc-issuer=URL, --auth=coder with --coder-url=URL, or --proxy-ca-file=FILE; or listen on 127.0.0.1`,
    };
  }
  const needs: readonly (readonly [way: Auth[number], keys: readonly Key[]])[] = [
    ["token", ["authTokenFile"]],
    ["oidc", ["mcpOidcIssuer", "mcpUrl"]],
    ["proxy", ["mcpProxyCaFile", "mcpTlsCertFile"]],
  ];
  for (const [way, keys] of needs) {
    for (const key of ways.includes(way) ? keys : []) {
      if (values[key] === undefined) yield { where: where("auth"), what: `${way} needs ${where(key)}` };
    }
  }
  const belongTo: readonly (readonly [key: Key, way: Auth[number]])[] = [
    ["authTokenFile", "token"],
    ["mcpOidcIssuer", "oidc"],
    ["mcpOidcJwksUrl", "oidc"],
    ["mcpOidcCaFile", "oidc"],
    ["mcpUiOidcClientId", "oidc"],
    ["mcpProxyCaFile", "proxy"],
  ];
  for (const [key, way] of belongTo) {
    if (values[key] === undefined || ways.includes(way)) continue;
    yield { where: where(key), what: `does nothing unless ${where("auth")} has ${way}` };
  }
  for (const claim of values.mcpOidcRequiredClaims ?? []) {
    if (!/^[^=]+=./.test(claim)) yield { where: where("mcpOidcRequiredClaims"), what: "must be name=value" };
  }
}
