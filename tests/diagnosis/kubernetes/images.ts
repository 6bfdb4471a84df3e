/** Images that do not come. */
import { type KubeFailure, podFailure } from "./kube_failure.ts";
import { waits } from "./kubelet_says.ts";

const PRIVATE = "registry.example.com/platform/coder:v2.30.0";
const TYPO = "ghcr.io/coder/coder:v2.30.0-typo";

const denied = (image: string) =>
  `failed to pull and unpack image "${image}": failed to resolve reference "${image}": pull access denied, ` +
  `repository does not exist or may require authorization: authorization failed: no basic auth credentials`;
const missing = (image: string) =>
  `failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`;
const unauthorized = (image: string) =>
  `failed to pull and unpack image "${image}": failed to resolve reference "${image}": unexpected status from ` +
  `HEAD request to https://ghcr.io/v2/coder/coder/manifests/v1: 403 Forbidden`;

const trouble = (image: string, words: string) => ({
  words: waits("ImagePullBackOff", `Back-off pulling image "${image}": ErrImagePull: ${words}`),
  warnings: [
    ["Failed", `Failed to pull image "${image}": ${words}`],
    ["Failed", "Error: ErrImagePull"],
    ["Failed", "Error: ImagePullBackOff"],
  ] as const,
});

const container = (image: string) => ({ containers: [{ name: "dev", image }] });

export const IMAGES: readonly KubeFailure[] = [
  podFailure({
    id: "image-pull-denied",
    subject: "controlplane",
    rule: "image-pull-denied",
    says: /registry\.example\.com\/platform\/coder:v2\.30\.0.*(?:denies|denied)/,
    quotes: /pull access denied/,
    spec: { image: PRIVATE },
    ...trouble(PRIVATE, denied(PRIVATE)),
  }),
  podFailure({
    id: "image-not-found",
    subject: "workspace",
    rule: "image-not-found",
    says: /ghcr\.io\/coder\/coder:v2\.30\.0-typo.*no such image/,
    quotes: /not found/,
    spec: container(TYPO),
    ...trouble(TYPO, missing(TYPO)),
  }),
  podFailure({
    id: "provisioner-image-not-found",
    asked: "image-not-found",
    subject: "provisioner",
    rule: "image-not-found",
    says: /no such image/,
    quotes: /not found/,
    spec: { image: TYPO },
    ...trouble(TYPO, missing(TYPO)),
  }),
  podFailure({
    id: "proxy-image-denied",
    asked: "image-pull-denied",
    subject: "proxy",
    rule: "image-pull-denied",
    says: /denies/,
    quotes: /403 Forbidden/,
    spec: { image: PRIVATE },
    ...trouble(PRIVATE, unauthorized(PRIVATE)),
  }),
];
