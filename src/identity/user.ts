/** Who is calling, as Kubernetes sees it. */

/** Somebody with a name. Two users are the same only where all of it is equal. */
export interface KubeUser {
  /** Never empty. */
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  /** What else the authenticator knows, by key, such as `scopes`. */
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** How somebody proved who they are. */
export type AuthenticationMethod = "requestheader" | "x509" | "token" | "oidc" | "coder";

/** Members may do everything, without being looked up. */
export const MASTERS_GROUP = "system:masters";
/** Everybody who proved who they are is in this group. */
export const AUTHENTICATED_GROUP = "system:authenticated";
/** Everybody else is in this one. */
export const UNAUTHENTICATED_GROUP = "system:unauthenticated";

/** Somebody who did not say who they are. */
export const ANONYMOUS: KubeUser = Object.freeze({
  name: "system:anonymous",
  groups: Object.freeze([UNAUTHENTICATED_GROUP]),
  extra: Object.freeze({}),
});

/** True for who is anonymous here, and for who was anonymous to the front proxy. */
export function isAnonymous({ name, groups }: KubeUser): boolean {
  return name === ANONYMOUS.name || groups.includes(UNAUTHENTICATED_GROUP);
}

/** The user with the group that all who are logged in have; anonymous users stay as they are. */
export function withAuthenticatedGroup(user: KubeUser): KubeUser {
  if (isAnonymous(user) || user.groups.includes(AUTHENTICATED_GROUP)) return user;
  return { ...user, groups: [...user.groups, AUTHENTICATED_GROUP] };
}
