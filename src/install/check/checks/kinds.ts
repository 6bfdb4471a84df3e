/** Are kinds of others served that the chosen overlays use? */
import { z } from "zod";
import { sayings } from "../finding.ts";
import type { Check } from "../types.ts";

const say = sayings("kinds-of-others");
const discovery = z.object({ resources: z.array(z.object({ kind: z.string() })).catch([]) });

/** Of Kubernetes itself, or made by the installation. */
const OWN = /^(v1|apps\/|batch\/|autoscaling\/|policy\/|events\.k8s\.io\/|[a-z]+(\.[a-z]+)*\.k8s\.io\/)/;
const SOURCES: Readonly<Record<string, string>> = {
  "cert-manager.io": "cert-manager (https://cert-manager.io/docs/installation/)",
  "monitoring.coreos.com": "the Prometheus operator (its CustomResourceDefinitions are enough)",
  "gateway.networking.k8s.io": "the Gateway API (https://gateway-api.sigs.k8s.io/guides/)",
};

export const kindsOfOthers: Check = {
  id: "kinds-of-others",
  phases: ["before", "after"],
  async run(world) {
    const wanted = new Map<string, Set<string>>();
    for (const { apiVersion, kind } of world.objects) {
      const isGateway = apiVersion.startsWith("gateway.networking.k8s.io/");
      if (OWN.test(apiVersion) && !isGateway) continue;
      wanted.set(apiVersion, (wanted.get(apiVersion) ?? new Set()).add(kind));
    }
    return await Promise.all([...wanted].map(async ([apiVersion, kinds]) => {
      const reading = await world.read(`/apis/${apiVersion}`, discovery);
      if (reading.state === "unread") return say.unread(`/apis/${apiVersion}`, reading);
      const served = reading.state === "seen" ? reading.value.resources.map(({ kind }) => kind) : [];
      const missing = [...kinds].filter((kind) => !served.includes(kind));
      if (missing.length === 0) return say.ok(`${[...kinds].join(", ")} of ${apiVersion}: served.`);
      const group = apiVersion.slice(0, apiVersion.indexOf("/"));
      return say.failed(
        `${missing.join(", ")} of ${apiVersion} is not served, and the chosen overlays use it.`,
        `Install ${SOURCES[group] ?? group} first, or leave that overlay out.`,
      );
    }));
  },
};
