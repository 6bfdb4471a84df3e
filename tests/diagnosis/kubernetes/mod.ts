/** Failures that are made in Kubernetes, for the labs of one cluster. */
import { ADMISSION } from "./admission.ts";
import { CONTAINERS } from "./containers.ts";
import { DATABASE } from "./database.ts";
import { EXPOSURE } from "./exposure.ts";
import { IMAGES } from "./images.ts";
import type { KubeFailure } from "./kube_failure.ts";
import { NODES } from "./nodes.ts";
import { PROXIES } from "./proxies.ts";
import { SCHEDULING } from "./scheduling.ts";
import { SECRETS } from "./secrets.ts";

export const KUBERNETES_SIDE: readonly KubeFailure[] = [
  ...IMAGES,
  ...CONTAINERS,
  ...SCHEDULING,
  ...SECRETS,
  ...DATABASE,
  ...EXPOSURE,
  ...NODES,
  ...ADMISSION,
  ...PROXIES,
];
