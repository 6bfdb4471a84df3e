/** What is typed in the recorded session. */
export interface Scene {
  /** A line that says what comes. */
  readonly say: string;
  readonly commands: readonly string[];
  /** The last command is ended by Ctrl-C once its output has this. */
  readonly until?: RegExp;
  /** How each command ends, unless it is interrupted. @default {0} */
  readonly exit?: number;
  /** What happens before, elsewhere: commands that nobody sees. */
  readonly unseen?: string;
}

export const TITLE = "coder-k8s: from an empty cluster to a workspace, and why one is not up";

/** Before the first scene: Secrets of the database and of the first owner, as the tutorial makes them. */
export const PREPARED = `
kubectl apply -f examples/quickstart/namespace.yaml
kubectl -n coder create secret generic coder-db --from-literal=url="$CODER_DATABASE_URL"
kubectl -n coder create secret generic first-owner --from-literal=username=owner \\
  --from-literal=email=owner@example.com --from-literal=password='Correct-Horse-Battery-1'
`;

const BROKEN = `
cat >broken.yaml <<'EOF'
apiVersion: aggregation.coder.com/v1alpha1
kind: CoderTemplate
metadata: { namespace: coder, name: coder.broken }
spec:
  files:
    main.tf: |
      resource "terraform_data" "image" {
        provisioner "local-exec" {
          command = "echo 'no such image: registry.example.com/dev:13'; exit 1"
        }
      }
EOF
kubectl apply --server-side -f broken.yaml
kubectl -n coder wait codertemplate/coder.broken --for=condition=Ready --timeout=170s
sed -e 's/owner.dev/owner.broken/' -e 's/templateName: first/templateName: broken/' \\
  examples/quickstart/workspace.yaml | kubectl apply -f -
kubectl -n coder wait cws/coder.owner.broken --for=jsonpath='{.status.latestBuildStatus}'=failed --timeout=170s
`;

/** Each replica looks at Coder by itself: lists of all of them have it. */
const everywhere = (name: string) => `
seen=0
until [ "$seen" = 8 ]; do
  if kubectl coder list -n coder | grep ${name}; then seen=$((seen + 1)); else seen=0; sleep 1; fi
done
`;

export const SCENES: readonly Scene[] = [
  {
    say: "Into a cluster: CRDs, roles, two replicas, the API of workspaces",
    commands: ["coder-k8s install"],
  },
  {
    say: "A Coder, from a control plane",
    commands: [
      "kubectl apply -k examples/quickstart",
      "kubectl -n coder wait codercontrolplane/coder --for=condition=Ready --timeout=170s",
      "kubectl -n coder get codercontrolplanes",
    ],
  },
  {
    say: "A template: its version is built in Coder before it is used",
    commands: [
      "kubectl apply --server-side -f examples/quickstart/template.yaml",
      "kubectl -n coder wait codertemplate/coder.first --for=condition=Ready --timeout=170s",
    ],
  },
  {
    say: "A workspace, watched while Coder builds it",
    commands: [
      "kubectl apply -f examples/quickstart/workspace.yaml",
      "kubectl -n coder get coderworkspaces -w",
    ],
    until: /owner\.dev[^\n]* running /,
  },
  {
    say: "The plugin is made for people",
    unseen: everywhere("dev"),
    commands: ["kubectl coder stop owner/dev -n coder --wait"],
  },
  {
    say: "Another one does not come up. Why?",
    unseen: BROKEN + everywhere("broken"),
    commands: ["kubectl coder diagnose owner/broken -n coder"],
    exit: 1,
  },
];
