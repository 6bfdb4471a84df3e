/** Consent across namespaces: an object, or a Namespace, says in an annotation who of elsewhere may use it. */

/** Who asks. */
export interface Asker {
  readonly namespace: string;
  readonly name: string;
}

/** Whether a list with commas of `namespace`, `namespace/name`, or `*` for all, names who asks. */
export function isListed(list: string | undefined, { namespace, name }: Asker): boolean {
  return (list ?? "").split(",").map((each) => each.trim())
    .some((each) => each !== "" && (each === "*" || each === namespace || each === `${namespace}/${name}`));
}
