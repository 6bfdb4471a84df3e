/** The address of a control plane's Coder as its users see it, which Coder itself tells: pods of proxies are given it. */
import type { ObjectKey } from "../../api/object.ts";
import { generationOfPods } from "../../operator/visit/controller.ts";
import { SharedAnswers } from "../../operator/visit/shared_answers.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";
import { RegistrationError } from "../registration/mod.ts";
import type { WantedCoder } from "./ways.ts";

/** Such an address only changes when Coder starts anew: how long one is believed, in milliseconds. */
const KEEP_MS = 6 * 3_600_000;

/** See the file's head. All proxies of one Coder share the answer. */
export class PrimaryAddresses {
  readonly #answers: SharedAnswers<string>;

  constructor(
    private readonly kinds: Pick<WorkloadKinds, "deployments">,
    now: () => Date,
  ) {
    this.#answers = new SharedAnswers({ now: () => now().getTime(), keepMs: KEEP_MS });
  }

  /** Throws {@linkcode RegistrationError} where Coder tells none, and what calls to Coder throw. */
  async of(controlPlane: ObjectKey, { coder, name }: WantedCoder, signal: AbortSignal): Promise<string> {
    const { client } = coder;
    const rests = `${client.address} ${generationOfPods(this.kinds.deployments.get(controlPlane))}`;
    return await this.#answers.get(name, rests, async (own) => {
      const info = await client.system.buildInfo({ signal: own, timeoutMs: 10_000 });
      if (info.workspace_proxy) {
        const message =
          `A workspace proxy answers at ${client.address}: give the operator the address of Coder ` +
          "itself (--control-plane-endpoint)";
        throw new RegistrationError("WorkspaceProxy", message, "later");
      }
      if (info.dashboard_url !== "") return info.dashboard_url;
      const message = `Coder at ${client.address} does not tell its access URL: set spec.primaryAccessURL`;
      throw new RegistrationError("AddressUnknown", message, "later");
    }, signal);
  }
}
