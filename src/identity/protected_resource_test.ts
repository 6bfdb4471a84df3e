import assert from "node:assert/strict";
import { challengeOf, protectedResource } from "./protected_resource.ts";
import { unauthorized, unavailable } from "./refusal.ts";

const issuer = "https://issuer.test";

Deno.test("the document names the full URL of the endpoint", () => {
  const resource = protectedResource({
    url: "https://host.test/mcp",
    issuer,
    scopes: ["mcp"],
    name: "Coder",
  });
  assert.deepEqual(resource, {
    metadataUrl: "https://host.test/.well-known/oauth-protected-resource/mcp",
    paths: ["/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"],
    document: {
      resource: "https://host.test/mcp",
      authorization_servers: [issuer],
      bearer_methods_supported: ["header"],
      scopes_supported: ["mcp"],
      resource_name: "Coder",
    },
  });
});

Deno.test("an endpoint behind a prefix, or at the root, is found all the same", () => {
  const prefixed = protectedResource({ url: "https://host.test:8443/coder/mcp", issuer, path: "/mcp" });
  assert.equal(prefixed.metadataUrl, "https://host.test:8443/.well-known/oauth-protected-resource/coder/mcp");
  assert.deepEqual(prefixed.paths, [
    "/.well-known/oauth-protected-resource/coder/mcp",
    "/.well-known/oauth-protected-resource/mcp",
    "/.well-known/oauth-protected-resource",
  ]);
  const root = protectedResource({ url: "https://host.test/", issuer });
  assert.equal(root.metadataUrl, "https://host.test/.well-known/oauth-protected-resource");
  assert.deepEqual(root.paths, ["/.well-known/oauth-protected-resource"]);
});

Deno.test("a challenge tells where the metadata is, and what was wrong with a token alone", () => {
  const resource = { metadataUrl: "https://host.test/.well-known/oauth-protected-resource/mcp" };
  assert.equal(
    challengeOf(unauthorized("say who you are"), resource),
    `Bearer realm="coder-k8s", resource_metadata="${resource.metadataUrl}"`,
  );
  assert.equal(
    challengeOf({ ...unauthorized('it is "bad"\r\nX: \\y é'), oauth: { error: "invalid_token" } }, resource),
    `Bearer realm="coder-k8s", error="invalid_token", error_description="it is 'bad'''X: 'y '", ` +
      `resource_metadata="${resource.metadataUrl}"`,
  );
  assert.equal(
    challengeOf({ code: 403, message: "no", oauth: { error: "insufficient_scope", scope: "a b" } }),
    'Bearer realm="coder-k8s", error="insufficient_scope", error_description="no", scope="a b"',
  );
});

Deno.test("refusals that no token would change have no challenge", () => {
  assert.equal(challengeOf({ code: 403, message: "no" }), undefined);
  assert.equal(challengeOf(unavailable("later")), undefined);
  assert.equal(challengeOf(unauthorized("who?")), 'Bearer realm="coder-k8s"');
});
