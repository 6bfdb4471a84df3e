/** May who asks make what an installation consists of? */
import { accessesFor } from "../needed_rights.ts";
import { sayings } from "../finding.ts";
import type { Check } from "../types.ts";

const say = sayings("rights-to-install");
const NEXT = "Ask an administrator of the cluster to install it, or to grant you these rights.";

export const rightsToInstall: Check = {
  id: "rights-to-install",
  phases: ["before"],
  async run(world) {
    const all = await world.may({ verb: "*", group: "*", resource: "*" });
    if (all.state === "seen" && all.value) return [say.ok("You may do everything in this cluster.")];
    const accesses = accessesFor(world.objects);
    const answers = await Promise.all(accesses.map((access) => world.may(access)));
    const unread = answers.find((answer) => answer.state === "unread");
    if (unread?.state === "unread") return [say.unread("Your rights", unread)];
    const missing = accesses.filter((_, index) => {
      const answer = answers[index];
      return answer?.state !== "seen" || !answer.value;
    });
    if (missing.length === 0) return [say.ok("You may make everything that an installation consists of.")];
    const words = missing.map(({ verb, group, resource, namespace }) =>
      `${verb} ${resource}${group === "" ? "" : `.${group}`}${
        namespace === undefined ? "" : ` in ${namespace}`
      }`
    );
    return [say.failed(`You may not ${words.join(", ")}.`, NEXT)];
  },
};
