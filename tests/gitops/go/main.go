// Command gitops does once what Flux's kustomize-controller does with a set of objects, by the same library.
//
// Usage: gitops --kubeconfig PATH --owner NAMESPACE/NAME diff|apply|wait|prune, with the objects as a list of JSON on standard input. Standard
// output is one JSON object: what became of each object, and the error if there was one.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/polling"
	"github.com/fluxcd/cli-utils/pkg/kstatus/polling/clusterreader"
	"github.com/fluxcd/cli-utils/pkg/kstatus/polling/engine"
	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/ssa"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

const (
	controller = "kustomize-controller"
	group      = "kustomize.toolkit.fluxcd.io"
)

// entry is what became of one object.
type entry struct {
	Object string `json:"object"`
	Action string `json:"action,omitempty"`
	// Status and Message are kstatus' view.
	Status  string `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
}

// outcome is what is printed.
type outcome struct {
	Entries []entry `json:"entries"`
	Error   string  `json:"error,omitempty"`
}

type tool struct {
	manager *ssa.ResourceManager
	client  client.Client
	timeout time.Duration
}

func main() {
	// Libraries put flags of their own into the common set.
	flags := flag.NewFlagSet("gitops", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "path of a kubeconfig")
	owner := flags.String("owner", "", "namespace/name of the Kustomization")
	timeout := flags.Duration("timeout", 30*time.Second, "how long to wait")
	_ = flags.Parse(os.Args[1:])
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	ctrl.SetLogger(klog.NewKlogr())
	if err := run(*kubeconfig, *owner, *timeout, flags.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(kubeconfig, owner string, timeout time.Duration, verb string) error {
	var objects []*unstructured.Unstructured
	var plain []map[string]any
	if err := json.NewDecoder(os.Stdin).Decode(&plain); err != nil {
		return fmt.Errorf("objects: %w", err)
	}
	for _, each := range plain {
		objects = append(objects, &unstructured.Unstructured{Object: each})
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	t, err := newTool(config, timeout)
	if err != nil {
		return err
	}
	namespace, name, _ := strings.Cut(owner, "/")
	t.manager.SetOwnerLabels(objects, name, namespace)
	ctx, cancel := context.WithTimeout(context.Background(), timeout+30*time.Second)
	defer cancel()
	var entries []entry
	switch verb {
	case "diff":
		entries, err = t.diff(ctx, objects)
	case "apply":
		entries, err = t.apply(ctx, objects)
	case "wait":
		entries, err = t.wait(ctx, objects)
	case "prune":
		entries, err = t.prune(ctx, objects, name, namespace)
	default:
		return errors.New("diff, apply, wait or prune")
	}
	answer := outcome{Entries: entries}
	if err != nil {
		answer.Error = err.Error()
	}
	return json.NewEncoder(os.Stdout).Encode(answer)
}

func newTool(config *rest.Config, timeout time.Duration) (*tool, error) {
	config.QPS, config.Burst = 1000, 1000
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	mapper, err := apiutil.NewDynamicRESTMapper(config, httpClient)
	if err != nil {
		return nil, err
	}
	kube, err := client.New(config, client.Options{HTTPClient: httpClient, Mapper: mapper})
	if err != nil {
		return nil, err
	}
	poller := polling.NewStatusPoller(kube, mapper, polling.Options{
		// As the controller has it: objects are read one by one.
		ClusterReaderFactory: engine.ClusterReaderFactoryFunc(clusterreader.NewDirectClusterReader),
	})
	manager := ssa.NewResourceManager(kube, poller, ssa.Owner{Field: controller, Group: group})
	return &tool{manager: manager, client: kube, timeout: timeout}, nil
}

// diff tells what an apply would do, and where the live object differs.
func (t *tool) diff(ctx context.Context, objects []*unstructured.Unstructured) ([]entry, error) {
	var entries []entry
	for _, object := range objects {
		change, live, merged, err := t.manager.Diff(ctx, object, ssa.DefaultDiffOptions())
		if err != nil {
			return entries, err
		}
		each := entry{Object: change.Subject, Action: change.Action.String()}
		if live != nil && merged != nil {
			text, err := json.Marshal([]any{live.Object["spec"], merged.Object["spec"], live.GetLabels(), merged.GetLabels()})
			if err != nil {
				return entries, err
			}
			each.Message = string(text)
		}
		entries = append(entries, each)
	}
	return entries, nil
}

// apply applies what has drifted. Other than the controller's own are the fields of whoever used kubectl: they become
// the controller's, and go where the objects do not have them.
func (t *tool) apply(ctx context.Context, objects []*unstructured.Unstructured) ([]entry, error) {
	options := ssa.DefaultApplyOptions()
	options.Cleanup = ssa.ApplyCleanupOptions{
		Annotations: []string{"kubectl.kubernetes.io/last-applied-configuration"},
		FieldManagers: []ssa.FieldManager{
			{Name: "kubectl", OperationType: metav1.ManagedFieldsOperationApply},
			{Name: "kubectl", OperationType: metav1.ManagedFieldsOperationUpdate},
			{Name: "before-first-apply", OperationType: metav1.ManagedFieldsOperationUpdate},
			{Name: controller, OperationType: metav1.ManagedFieldsOperationUpdate},
		},
		Exclusions: map[string]string{group + "/ssa": "Merge"},
	}
	return entriesOf(t.manager.ApplyAllStaged(ctx, objects, options))
}

// wait waits until all are ready, or one has failed; either way it tells how each of them is.
func (t *tool) wait(ctx context.Context, objects []*unstructured.Unstructured) ([]entry, error) {
	waited := t.manager.Wait(objects, ssa.WaitOptions{Interval: 200 * time.Millisecond, Timeout: t.timeout, FailFast: true})
	var entries []entry
	for _, object := range objects {
		live := &unstructured.Unstructured{}
		live.SetGroupVersionKind(object.GroupVersionKind())
		if err := t.client.Get(ctx, client.ObjectKeyFromObject(object), live); err != nil {
			return entries, errors.Join(waited, err)
		}
		result, err := status.Compute(live)
		if err != nil {
			return entries, errors.Join(waited, err)
		}
		entries = append(entries, entry{
			Object:  fmt.Sprintf("%s/%s/%s", live.GetKind(), live.GetNamespace(), live.GetName()),
			Status:  result.Status.String(),
			Message: result.Message,
		})
	}
	return entries, waited
}

// prune deletes what is there and has the owner's labels.
func (t *tool) prune(ctx context.Context, objects []*unstructured.Unstructured, name, namespace string) ([]entry, error) {
	return entriesOf(t.manager.DeleteAll(ctx, objects, ssa.DeleteOptions{
		PropagationPolicy: metav1.DeletePropagationBackground,
		Inclusions:        t.manager.GetOwnerLabels(name, namespace),
		Exclusions:        map[string]string{group + "/prune": "disabled"},
	}))
}

func entriesOf(set *ssa.ChangeSet, err error) ([]entry, error) {
	var entries []entry
	if set != nil {
		for _, each := range set.Entries {
			entries = append(entries, entry{Object: each.Subject, Action: each.Action.String()})
		}
	}
	return entries, err
}
