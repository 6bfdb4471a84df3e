/** Tags of provisioner jobs and daemons, by Coder's rules. */

/** As Coder has them. */
export type Tags = Readonly<Record<string, string>>;

const SCOPE = "scope";
const OWNER = "owner";
const NIL_ID = "00000000-0000-0000-0000-000000000000";

/**
 * The tags of a daemon that signs in with a key of these tags. Coder adds a scope, and sets the owner: nobody for the
 * organization's daemons, and for those of a user the user, which a key does not have.
 */
export function daemonTags(tags: Tags): Tags {
  return tags[SCOPE] === "user"
    ? { ...tags, [OWNER]: NIL_ID }
    : { ...tags, [SCOPE]: "organization", [OWNER]: "" };
}

/**
 * Whether a daemon with the tags `daemon` (as {@linkcode daemonTags} gives them) may take a job with the tags `job`: it
 * needs all of the job's tags, but a job without tags of its own goes to daemons without tags of their own alone.
 */
export function tagsMatch(job: Tags, daemon: Tags): boolean {
  const names = Object.keys(job);
  const plain = names.length === 2 && job[SCOPE] === "organization" && job[OWNER] === "";
  if (plain && Object.keys(daemon).length !== names.length) return false;
  return names.every((name) => Object.hasOwn(daemon, name) && daemon[name] === job[name]);
}

/** As `env=gpu, zone=eu`, without those that all have. Undefined where there are no others. */
export function tagText(tags: Tags): string | undefined {
  const own = Object.entries(tags).filter(([name, value]) =>
    !(name === SCOPE && value === "organization") && !(name === OWNER && value === "")
  );
  return own.length === 0 ? undefined : own.map(([name, value]) => `${name}=${value}`).sort().join(", ");
}
