import assert from "node:assert/strict";
import { commands, event, only, pod, quotes, unreadFacts, waiting } from "../../pods/testing.ts";
import { factsOf } from "../../pods/testing.ts";
import type { Rule } from "../../types.ts";
import { imageNameInvalid } from "./image_name_invalid.ts";
import { imageNotFound } from "./image_not_found.ts";
import { imagePullDenied } from "./image_pull_denied.ts";
import { imagePullFailed } from "./image_pull_failed.ts";
import { imageRateLimited } from "./image_rate_limited.ts";
import { imageRegistryUnreachable } from "./image_registry_unreachable.ts";

const RULES = [
  imageNameInvalid,
  imageNotFound,
  imagePullDenied,
  imagePullFailed,
  imageRateLimited,
  imageRegistryUnreachable,
];
const IMAGE = "ghcr.io/acme/dev:1";
const backOff = waiting("ImagePullBackOff", `Back-off pulling image "${IMAGE}"`);
const failed = (words: string) => event("Failed", `Failed to pull image "${IMAGE}": ${words}`);

/** Words of containerd, CRI-O and Docker. */
const WORDS: readonly (readonly [rule: Rule, words: string])[] = [
  [
    imagePullDenied,
    `rpc error: code = Unknown desc = failed to pull and unpack image "${IMAGE}": failed to resolve reference ` +
    `"${IMAGE}": failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized`,
  ],
  [
    imagePullDenied,
    `failed to pull and unpack image "${IMAGE}": failed to resolve reference "${IMAGE}": pull access denied, ` +
    "repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
  ],
  [
    imagePullDenied,
    "rpc error: code = Unknown desc = Error response from daemon: pull access denied for acme/dev, repository does " +
    "not exist or may require 'docker login': denied: requested access to the resource is denied",
  ],
  [
    imagePullDenied,
    "rpc error: code = Unknown desc = Error reading manifest 1 in ghcr.io/acme/dev: errors: denied: requested access " +
    "to the resource is denied unauthorized: authentication required",
  ],
  [
    imagePullDenied,
    `failed to resolve reference "${IMAGE}": unexpected status from HEAD request to ` +
    "https://ghcr.io/v2/acme/dev/manifests/1: 403 Forbidden",
  ],
  [
    imagePullDenied,
    "Error response from daemon: Get https://x/v2/dev/manifests/1: no basic auth credentials",
  ],
  [
    imageNotFound,
    `rpc error: code = NotFound desc = failed to pull and unpack image "${IMAGE}": failed to resolve reference ` +
    `"${IMAGE}": ${IMAGE}: not found`,
  ],
  [
    imageNotFound,
    "initializing source docker://ghcr.io/acme/dev:1: reading manifest 1 in ghcr.io/acme/dev: manifest unknown",
  ],
  [
    imageNotFound,
    "Error response from daemon: manifest for ghcr.io/acme/dev:1 not found: manifest unknown: manifest unknown",
  ],
  [imageNotFound, "rpc error: code = Unknown desc = name unknown: repository name not known to registry"],
  [
    imageRegistryUnreachable,
    `failed to do request: Head "https://ghcr.io/v2/acme/dev/manifests/1": dial tcp: lookup ghcr.io on 10.0.0.10:53: no such host`,
  ],
  [
    imageRegistryUnreachable,
    'pinging container registry ghcr.io: Get "https://ghcr.io/v2/": dial tcp 140.82.121.33:443: i/o timeout',
  ],
  [
    imageRegistryUnreachable,
    'Head "https://ghcr.io/v2/acme/dev/manifests/1": tls: failed to verify certificate: x509: certificate signed by unknown authority',
  ],
  [imageRegistryUnreachable, "unexpected status from HEAD request to https://x: 503 Service Unavailable"],
  [imageRegistryUnreachable, "http: server gave HTTP response to HTTPS client"],
  [
    imageRateLimited,
    "unexpected status code 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.",
  ],
  [imageRateLimited, "pull QPS exceeded"],
  [
    imagePullFailed,
    "failed to extract layer sha256:0b: write /var/lib/containerd/io: no space left on device",
  ],
];
for (const [rule, words] of WORDS) {
  Deno.test(`${rule.id} is what it means when a node says ${words.slice(-60)}`, () => {
    const facts = factsOf({ pods: [backOff], events: [failed(words)] });
    assert.deepEqual(RULES.filter(({ find }) => find(facts).length > 0).map(({ id }) => id), [rule.id]);
    // Newer nodes say it in the status, too.
    const status = waiting("ImagePullBackOff", `Back-off pulling image "${IMAGE}": ErrImagePull: ${words}`);
    const alone = factsOf({ pods: [status], events: [] });
    assert.deepEqual(RULES.filter(({ find }) => find(alone).length > 0).map(({ id }) => id), [rule.id]);
  });
}

Deno.test("an image that the registry denies is named, with the node's words and what helps", () => {
  const words = "pull access denied, repository does not exist or may require authorization";
  const found = only(imagePullDenied, { pods: [backOff], events: [failed(words)] });
  assert.equal(
    found.cause,
    `The image ${IMAGE} of container dev of pod lab/dev-0 cannot be pulled: the registry denies access, or there is ` +
      "no such repository.",
  );
  assert.deepEqual(quotes(found), [
    `event of pod lab/dev-0 at 2026-11-22T07:59:30Z: Failed: Failed to pull image "${IMAGE}": ${words} (×4)`,
    `status of pod lab/dev-0 at 2026-11-22T08:00:00Z: ImagePullBackOff: Back-off pulling image "${IMAGE}"`,
  ]);
  assert.deepEqual(commands(found), [
    "kubectl -n lab get pod dev-0 -o 'jsonpath={.spec.imagePullSecrets[*].name}'",
    "kubectl -n lab describe pod dev-0",
  ]);
  assert.match(found.next[0]!.text, /one for ghcr\.io is needed/);
  assert.deepEqual(found.next.at(-1)!.tool, {
    name: "explain_pod",
    arguments: { namespace: "lab", name: "dev-0" },
  });
});

Deno.test("images without a registry are Docker Hub's", () => {
  const one = waiting("ErrImagePull", "pull access denied for acme/dev", {
    container: { image: "acme/dev" },
  });
  assert.match(only(imagePullDenied, { pods: [one], events: [] }).next[0]!.text, /docker\.io/);
  const local = waiting("ErrImagePull", "unauthorized", { container: { image: "localhost:5000/dev" } });
  assert.match(only(imagePullDenied, { pods: [local], events: [] }).next[0]!.text, /localhost:5000/);
});

Deno.test("pods with the same image are told once", () => {
  const pods = ["dev-0", "dev-1", "dev-2", "dev-3", "dev-4"].map((name) =>
    waiting("ErrImagePull", `${IMAGE}: not found`, { name })
  );
  assert.equal(
    only(imageNotFound, { pods, events: [] }).cause,
    `The image ${IMAGE} of container dev of pods lab/dev-0, lab/dev-1, lab/dev-2 and 2 more cannot be pulled: the ` +
      "registry has no such image.",
  );
  const two = pods.slice(0, 2);
  assert.match(
    only(imageNotFound, { pods: two, events: [] }).cause,
    /of pods lab\/dev-0 and lab\/dev-1 cannot/,
  );
});

Deno.test("what an image's name says is not taken for the node's words", () => {
  const image = "ghcr.io/acme/unauthorized:not-found-404";
  const found = waiting("ErrImagePull", `failed to pull ${image}: dial tcp 1.2.3.4:443: connection refused`, {
    container: { image },
  });
  const facts = factsOf({ pods: [found], events: [] });
  assert.deepEqual(RULES.filter(({ find }) => find(facts).length > 0).map(({ id }) => id), [
    "image-registry-unreachable",
  ]);
});

const SENTENCES: readonly (readonly [Rule, string, string, RegExp])[] = [
  [
    imageNotFound,
    "ErrImageNeverPull",
    `Container image "${IMAGE}" is not present with pull policy of Never`,
    /pull policy is Never\.$/,
  ],
  [
    imageNotFound,
    "ErrImagePull",
    "no match for platform in manifest: not found",
    /none for the processor of its node\.$/,
  ],
  [imageRegistryUnreachable, "ErrImagePull", "lookup x: no such host", /cannot find the registry by name\.$/],
  [
    imageRegistryUnreachable,
    "ErrImagePull",
    "x509: unknown authority",
    /does not trust the registry's certificate\.$/,
  ],
  [imageRegistryUnreachable, "ErrImagePull", "server gave HTTP response to HTTPS client", /plain HTTP/],
  [imageRegistryUnreachable, "ErrImagePull", "502 Bad Gateway", /out of order\.$/],
  [
    imageRegistryUnreachable,
    "RegistryUnavailable",
    "dial tcp 1.2.3.4:443: i/o timeout",
    /does not get through/,
  ],
  [
    imageNameInvalid,
    "InvalidImageName",
    "Failed to apply default image tag",
    /that is no name of an image\.$/,
  ],
  [imageRateLimited, "ErrImagePull", "toomanyrequests", /too much was pulled in a short time\.$/],
];
for (const [rule, reason, message, says] of SENTENCES) {
  Deno.test(`${reason} with ${message.slice(0, 30)} is said in plain words`, () => {
    assert.match(only(rule, { pods: [waiting(reason, message)], events: [] }).cause, says);
  });
}

for (const rule of RULES) {
  Deno.test(`${rule.id} is silent where all is well, where nothing was read, and where images are pulled`, () => {
    assert.deepEqual(rule.find(factsOf({ pods: [pod()], events: [] })), []);
    assert.deepEqual(rule.find(unreadFacts(rule)), []);
    assert.deepEqual(rule.find(factsOf({ pods: [waiting("ContainerCreating", "")], events: [] })), []);
  });
}
