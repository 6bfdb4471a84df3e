/** The Secrets with tokens: whether the one that a user brings is there, and those that nobody needs any more. */
import { Deployments, Secrets } from "../api/kubernetes/resources.ts";
import { keyOf } from "../api/object.ts";
import { isControlledBy } from "../kube/apply/owner_references.ts";
import { removeChild } from "../operator/children/apply_child.ts";
import { rolloutOf } from "../operator/children/rollout.ts";
import { referencesOf } from "../workload/references.ts";
import { childLabels } from "./children.ts";
import { isRegisteredByOperator, tokenSecretOf } from "./registration/mod.ts";
import type { Pass, Step, Tools } from "./step.ts";

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

/** Deletes token Secrets of ours that the spec does not name any more, once neither pods nor visits need them. */
export const oldTokensStep: Step = {
  name: "OldTokens",
  async run(pass, tools) {
    const { deployment, key: { namespace }, object, proxy } = pass;
    if (deployment === undefined || !rolloutOf(deployment).complete || !isTokenSettled(pass)) return;
    const old = tools.kinds.secrets.list({ namespace, labels: childLabels(proxy) }).filter((secret) =>
      secret.metadata.name !== tokenSecretOf(proxy)?.name && isControlledBy(secret, object)
    );
    const used = old.length === 0 ? undefined : await usedByPods(pass, tools);
    for (const secret of used === undefined ? [] : old) {
      if (used?.has(secret.metadata.name ?? "")) continue;
      await removeChild(Secrets, keyOf(secret), pass, tools, tools.kinds.secrets);
    }
  },
};

/**
 * Names of what pods are made from; undefined while some of them are older. Asked of the API server: what the cache has
 * may be older than what this operator itself has just made.
 */
async function usedByPods(
  { deploymentKey, signal }: Pass,
  { client }: Pick<Tools, "client">,
): Promise<Set<string> | undefined> {
  const live = await client.get(Deployments, deploymentKey, { signal });
  const template = live.spec?.template;
  if (template === undefined || !rolloutOf(live).complete) return undefined;
  return new Set(referencesOf(template).map(({ name }) => name));
}

/** A visit that knew this spec has ended: whatever token there was is where the spec wants it. */
function isTokenSettled({ object, proxy, result, unvisited }: Pass): boolean {
  if (unvisited === true) return true;
  if (result?.generation !== object.metadata.generation) return false;
  return !isRegisteredByOperator(proxy) || result?.token?.name === tokenSecretOf(proxy)?.name;
}
