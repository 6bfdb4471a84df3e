/** What templates of Coder label the objects of a workspace with. */

/**
 * Selectors of a workspace's objects, the surest first.
 *
 * @param id the workspace's UUID in Coder; without one there are none
 */
export function workspaceSelectors(id: string): string[] {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return [];
  return [`com.coder.workspace.id=${id}`, `app.kubernetes.io/instance=coder-workspace-${id}`];
}
