import assert from "node:assert/strict";
import { parseWorkspaceProxy } from "../../api/workspace_proxy.ts";
import { isRegisteredByOperator, tokenSecretOf, wantedRegistration } from "./wanted.ts";

const bootstrap = { coderURL: " https://c ", credentialsSecretRef: { name: " admin " } };
const access = {
  key: { namespace: "coder-system", name: "coder" },
  url: "http://coder.coder-system.svc.cluster.local:80",
  tokenSecret: { namespace: "coder-system", name: "coder-operator-token", key: "token" },
};

function proxy(spec: object, annotations: Record<string, string> = {}) {
  return parseWorkspaceProxy({ metadata: { name: "paris", namespace: "a", annotations }, spec });
}

Deno.test("bootstrap names the Coder and the credentials", () => {
  assert.deepEqual(wantedRegistration(proxy({ bootstrap }), undefined), {
    name: "paris",
    displayName: "",
    icon: "",
    place: { coderURL: "https://c", tokenSecretRef: { name: "admin", key: "token" } },
    adopt: false,
  });
});

Deno.test("what bootstrap says about the proxy is taken as it is", () => {
  const given = { proxyName: "eu", displayName: "Europe", icon: "/e.png" };
  const credentialsSecretRef = { name: "admin", key: "session" };
  const wanted = wantedRegistration(
    proxy({ bootstrap: { ...bootstrap, credentialsSecretRef, ...given } }),
    undefined,
  );
  assert.deepEqual([wanted?.name, wanted?.displayName, wanted?.icon], ["eu", "Europe", "/e.png"]);
  assert.equal(wanted?.place.tokenSecretRef.key, "session");
});

Deno.test("a control plane lends its operator's own access", () => {
  const spec = {
    controlPlaneRef: { name: "coder", namespace: "coder-system" },
    registration: { icon: "/e.png" },
  };
  const wanted = wantedRegistration(proxy(spec), access);
  assert.equal(wanted?.icon, "/e.png");
  assert.deepEqual(wanted?.place, {
    coderURL: access.url,
    controlPlaneName: "coder",
    controlPlaneNamespace: "coder-system",
    tokenSecretRef: access.tokenSecret,
  });
  assert.equal(wantedRegistration(proxy({ controlPlaneRef: { name: "coder" } }), access)?.name, "paris");
});

Deno.test("while the control plane has no access there is nothing to want yet", () => {
  assert.equal(wantedRegistration(proxy({ controlPlaneRef: { name: "coder" } }), undefined), undefined);
});

Deno.test("without either, the operator registers nothing", () => {
  const direct = proxy({ proxySessionTokenSecretRef: { name: "t" } });
  assert.equal(wantedRegistration(direct, undefined), undefined);
  assert.equal(isRegisteredByOperator(direct), false);
  assert.equal(isRegisteredByOperator(proxy({ bootstrap })), true);
  assert.equal(isRegisteredByOperator(proxy({ controlPlaneRef: { name: "coder" } })), true);
});

Deno.test("a proxy may be taken over where the annotation names it", () => {
  const adopt = (value: string, more: object = {}) =>
    wantedRegistration(
      proxy({ bootstrap: { ...bootstrap, ...more } }, { "coder.com/adopt-proxy": value }),
      undefined,
    )
      ?.adopt;
  assert.equal(adopt("paris"), true);
  assert.equal(adopt("other"), false);
  assert.equal(adopt("other", { proxyName: "other" }), true);
});

Deno.test("the token is in the Secret that the operator writes, or in the one that the user names", () => {
  assert.deepEqual(tokenSecretOf(proxy({ bootstrap })), { name: "paris-proxy-token", key: "token" });
  const named = { ...bootstrap, generatedTokenSecretName: "mine" };
  const both = { bootstrap: named, proxySessionTokenSecretRef: { name: "other" } };
  assert.deepEqual(tokenSecretOf(proxy(both)), { name: "mine", key: "token" });
  const ofControlPlane = {
    controlPlaneRef: { name: "c" },
    registration: { generatedTokenSecretName: "theirs" },
  };
  assert.deepEqual(tokenSecretOf(proxy(ofControlPlane)), { name: "theirs", key: "token" });
  assert.deepEqual(tokenSecretOf(proxy({ controlPlaneRef: { name: "c" } })), {
    name: "paris-proxy-token",
    key: "token",
  });
  const direct = { proxySessionTokenSecretRef: { name: " t ", key: "k" } };
  assert.deepEqual(tokenSecretOf(proxy(direct)), { name: "t", key: "k" });
  assert.deepEqual(tokenSecretOf(proxy({ proxySessionTokenSecretRef: { name: "t" } })), {
    name: "t",
    key: "token",
  });
  assert.equal(tokenSecretOf(proxy({})), undefined);
});
