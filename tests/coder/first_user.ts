/** The first user of a deployment, who owns it. */
import { request, RequestError } from "./request.ts";

/** The first user, signed in. */
export interface FirstUser {
  id: string;
  username: string;
  email: string;
  password: string;
  /** A session token, good for a day. */
  token: string;
  /** The default organization. */
  organizationId: string;
}

const CREDENTIALS = { username: "owner", email: "owner@example.com", password: "Correct-Horse-Battery-1" };

/** Makes the first user when there is none, and signs in. @throws {RequestError} when somebody else was the first */
export async function signInFirstUser(url: string): Promise<FirstUser> {
  await request(url, "POST", "/api/v2/users/first", { body: { ...CREDENTIALS, trial: false } }).catch(
    (error: unknown) => {
      if (!(error instanceof RequestError && isThereAlready(error))) throw error;
    },
  );
  const { email, password } = CREDENTIALS;
  const { session_token: token } = await request(url, "POST", "/api/v2/users/login", {
    body: { email, password },
  });
  const me = await request(url, "GET", "/api/v2/users/me", { token });
  return { ...CREDENTIALS, id: me.id, token, organizationId: me.organization_ids[0] };
}

/** It has been there all along; or another process was as quick, which coderd answers with 500. */
function isThereAlready({ status, body }: RequestError): boolean {
  return status === 409 || (status === 500 && /duplicate key/.test(String(body?.detail)));
}
