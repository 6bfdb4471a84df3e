/** What a database user needs that does nothing but the operator's work. `docs/operator-access.md` lists the same. */
export const GRANTS: readonly string[] = [
  "grant select on schema_migrations to coder_operator",
  `grant select (id, username, email, is_system, deleted, login_type, status, rbac_roles) on users
     to coder_operator`,
  `grant insert (id, username, email, name, hashed_password, created_at, updated_at, status, rbac_roles,
     login_type, is_system) on users to coder_operator`,
  "grant update (login_type, status, rbac_roles, updated_at) on users to coder_operator",
  "grant insert on user_status_changes to coder_operator",
  `grant select (id, user_id, login_type, token_name, hashed_secret, created_at, expires_at, last_used,
     lifetime_seconds) on api_keys to coder_operator`,
  `grant insert (id, user_id, login_type, token_name, hashed_secret, last_used, expires_at, created_at, updated_at,
     lifetime_seconds, ip_address, scopes, allow_list) on api_keys to coder_operator`,
  "grant delete on api_keys to coder_operator",
];
