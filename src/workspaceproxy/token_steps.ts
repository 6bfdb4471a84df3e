/** The Secrets with tokens: whether the one that a user brings is there, and those that nobody needs any more. */
import { Secrets } from "../api/kubernetes/resources.ts";
import { keyOf } from "../api/object.ts";
import { isControlledBy } from "../kube/apply/owner_references.ts";
import { removeChild } from "../operator/children/apply_child.ts";
import { rolloutOf } from "../operator/children/rollout.ts";
import { referencesOf } from "../workload/references.ts";
import { childLabels } from "./children.ts";
import { isRegisteredByOperator, tokenSecretOf } from "./registration/mod.ts";
import type { Step } from "./step.ts";

/** The token that a user brings: pods do not start without it. Visits look after the others. */
export const broughtTokenStep: Step = {
  name: "Token",
  async run({ key: { namespace }, proxy, report, signal }, { referencedData }) {
    const token = tokenSecretOf(proxy);
    if (token === undefined || isRegisteredByOperator(proxy)) return;
    const { name, key } = token;
    const content = await referencedData.content("Secret", { namespace, name }, signal);
    if (content?.data.has(key) === true) return;
    const what = content === undefined
      ? `Secret ${namespace}/${name} does not exist: create it, with the proxy's token at key ${key}`
      : `Secret ${namespace}/${name} has no key ${key}: add it, with the proxy's token`;
    report.trouble({
      reason: "TokenMissing",
      message: `${what} (coder wsproxy create, or regenerate-token, shows one)`,
    });
  },
};

/** Deletes token Secrets of ours that the spec does not name any more, once no pod needs them. */
export const oldTokensStep: Step = {
  name: "OldTokens",
  async run(pass, tools) {
    const { deployment, key: { namespace }, object, proxy } = pass;
    if (deployment === undefined || !rolloutOf(deployment).complete) return;
    const template = deployment.spec?.template;
    const used = new Set([
      tokenSecretOf(proxy)?.name,
      ...(template === undefined ? [] : referencesOf(template)).map(({ name }) => name),
    ]);
    for (const secret of tools.kinds.secrets.list({ namespace, labels: childLabels(proxy) })) {
      if (used.has(secret.metadata.name) || !isControlledBy(secret, object)) continue;
      await removeChild(Secrets, keyOf(secret), pass, tools, tools.kinds.secrets);
    }
  },
};
