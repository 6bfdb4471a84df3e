/** Rights that no request ever shows the need of, and why they are granted all the same. */
export const NEVER_SEEN: readonly { right: RegExp; why: string }[] = [
  {
    right:
      /^create (deployments|services|serviceaccounts|ingresses|httproutes|poddisruptionbudgets|jobs|secrets|roles|rolebindings)(\.|$)/,
    why: "an apply of what is not there yet is audited as a patch",
  },
  {
    right: /^(create|delete|deletecollection|get|list|patch|update|watch) (pods|persistentvolumeclaims)$/,
    why: "held, so that it can be granted to Coder for its workspaces",
  },
  {
    right: /^(deletecollection|update) deployments\.apps$/,
    why: "held, so that it can be granted to Coder for its workspaces",
  },
  { right: /^update \w+\/finalizers\.coder\.com$/, why: "asked for by an admission plugin, never sent" },
];

/** Rights among `unused` that nothing excuses. */
export function inexcusable(unused: readonly string[]): string[] {
  return unused.filter((right) => !NEVER_SEEN.some((each) => each.right.test(right)));
}
