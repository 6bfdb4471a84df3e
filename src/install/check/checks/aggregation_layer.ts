/** Can this cluster hand requests on to an API server of somebody else's? */
import { z } from "zod";
import { sayings } from "../finding.ts";
import type { Check } from "../types.ts";

const say = sayings("aggregation-layer");
const PATH = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication";
const shape = z.object({ data: z.record(z.string(), z.string()).catch({}) });
const REMEDY =
  "Start kube-apiserver with --requestheader-client-ca-file, --requestheader-allowed-names, --proxy-client-cert-file " +
  "and --proxy-client-key-file (kubeadm and the managed offers do).";

export const aggregationLayer: Check = {
  id: "aggregation-layer",
  phases: ["before", "after"],
  async run(world) {
    const reading = await world.read(PATH, shape);
    if (reading.state === "unread") {
      return [say.unread(`ConfigMap kube-system/extension-apiserver-authentication`, reading)];
    }
    if (reading.state === "absent" || (reading.value.data["requestheader-client-ca-file"] ?? "") === "") {
      return [
        say.failed("The API server's aggregation layer is off: coderworkspaces cannot be served.", REMEDY),
      ];
    }
    return [say.ok("The API server's aggregation layer is on.")];
  },
};
