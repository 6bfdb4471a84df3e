/** What kind of deployment the fake plays. All may be changed while it runs. */
export interface FakeCoderSettings {
  /** `agpl` lacks licences, entitlements, provisioner keys and workspace proxies. @default {"enterprise"} */
  edition: "enterprise" | "agpl";
  /** @default {"v2.30.0+43e67d1"} */
  version: string;
  /** Requests a minute for each path, as CODER_API_RATE_LIMIT; negative turns it off. @default {512} */
  rateLimit: number;
  /**
   * What the bypass header does: 2.30 counts by address and ignores it; newer ones count by user, grant it to owners
   * and answer 428 to others. @default {"ignored"}
   */
  bypass: "ignored" | "owners";
  /** PostgreSQL does not answer. @default {false} */
  databaseAway: boolean;
  /** Tokens do not live longer by being used (CODER_DISABLE_SESSION_EXPIRY_REFRESH). @default {false} */
  fixedExpiry: boolean;
  /** CODER_MAX_ADMIN_TOKEN_LIFETIME, in seconds. @default {7 days} */
  maxOwnerTokenSeconds: number;
  /** CODER_MAX_TOKEN_LIFETIME, in seconds. @default {876600 hours} */
  maxTokenSeconds: number;
  /** CODER_ALLOW_WORKSPACE_RENAMES. @default {false} */
  renames: boolean;
}

export function defaultSettings(): FakeCoderSettings {
  return {
    edition: "enterprise",
    version: "v2.30.0+43e67d1",
    rateLimit: 512,
    bypass: "ignored",
    databaseAway: false,
    fixedExpiry: false,
    maxOwnerTokenSeconds: 7 * 24 * 3_600,
    maxTokenSeconds: 876_600 * 3_600,
    renames: false,
  };
}
