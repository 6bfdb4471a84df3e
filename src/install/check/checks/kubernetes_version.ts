/** Is this Kubernetes one that the product runs on? */
import { z } from "zod";
import { sayings } from "../finding.ts";
import type { Check } from "../types.ts";
import { FIRST_MINOR, TESTED_MINORS } from "../versions.ts";

const say = sayings("kubernetes-version");
const version = z.object({ major: z.string(), minor: z.string(), gitVersion: z.string() });

export const kubernetesVersion: Check = {
  id: "kubernetes-version",
  phases: ["before", "after"],
  async run(world) {
    const reading = await world.read("/version", version);
    if (reading.state !== "seen") {
      const why = reading.state === "unread" ? reading.why : "it has no /version";
      return [
        say.unknown(
          `The version of Kubernetes could not be read: ${why}`,
          "Check the kubeconfig and the network.",
        ),
      ];
    }
    const { gitVersion } = reading.value;
    // Some providers write "34+".
    const minor = Number.parseInt(reading.value.minor, 10);
    if (Number.parseInt(reading.value.major, 10) !== 1 || !Number.isFinite(minor)) {
      return [say.warning(`Kubernetes ${gitVersion} has a version that is not understood.`)];
    }
    if (minor < FIRST_MINOR) {
      return [
        say.failed(
          `Kubernetes ${gitVersion} is too old: 1.${FIRST_MINOR} is the first that the product runs on.`,
          `Upgrade the cluster to 1.${FIRST_MINOR} or newer.`,
        ),
      ];
    }
    const [first, last] = [Math.min(...TESTED_MINORS), Math.max(...TESTED_MINORS)];
    if (minor < first || minor > last) {
      return [
        say.warning(
          `Kubernetes ${gitVersion} is not one of those tested (${
            first === last ? `1.${first}` : `1.${first} to 1.${last}`
          }).`,
        ),
      ];
    }
    return [say.ok(`Kubernetes ${gitVersion}.`)];
  },
};
