package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
)

// spec says what one informer follows.
type spec struct {
	Name          string `json:"name"`
	Group         string `json:"group"`
	Version       string `json:"version"`
	Resource      string `json:"resource"`
	Namespace     string `json:"namespace"`
	LabelSelector string `json:"labelSelector"`
	FieldSelector string `json:"fieldSelector"`
}

// follower is one informer, and what is kept in mind of it.
type follower struct {
	spec     spec
	informer cache.SharedIndexInformer
	out      *printer

	mu       sync.Mutex
	known    map[string]*unstructured.Unstructured
	mistakes []string
	counts   map[string]int
}

// report is what a store holds.
type report struct {
	Name     string         `json:"name"`
	Synced   bool           `json:"synced"`
	Version  string         `json:"version"`
	Mistakes []string       `json:"mistakes"`
	Counts   map[string]int `json:"counts"`
	Objects  []any          `json:"objects"`
}

func newFollower(client dynamic.Interface, s spec, watchSeconds int64, out *printer) (*follower, error) {
	f := &follower{spec: s, out: out, known: map[string]*unstructured.Unstructured{}, counts: map[string]int{}}
	resource := client.Resource(schema.GroupVersionResource{Group: s.Group, Version: s.Version, Resource: s.Resource}).
		Namespace(s.Namespace)
	selected := func(options metav1.ListOptions) metav1.ListOptions {
		options.LabelSelector, options.FieldSelector = s.LabelSelector, s.FieldSelector
		return options
	}
	f.informer = cache.NewSharedIndexInformer(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			list, err := resource.List(ctx, selected(options))
			if err == nil {
				f.listed(options, list)
			}
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			if watchSeconds > 0 {
				seconds := watchSeconds + rand.Int64N(watchSeconds)
				options.TimeoutSeconds = &seconds
			}
			opened, err := resource.Watch(ctx, selected(options))
			if err != nil {
				return nil, err
			}
			f.count("watches")
			stream := &stream{
				follower: f, highest: options.ResourceVersion,
				isState: options.SendInitialEvents != nil && *options.SendInitialEvents,
			}
			return watch.Filter(opened, stream.heard), nil
		},
	}, &unstructured.Unstructured{}, 0, cache.Indexers{})
	if err := f.informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) {
		f.failed(err)
	}); err != nil {
		return nil, err
	}
	_, err := f.informer.AddEventHandler(cache.ResourceEventHandlerDetailedFuncs{
		AddFunc:    func(after any, _ bool) { f.handle("added", nil, after) },
		UpdateFunc: func(before, after any) { f.handle("updated", before, after) },
		DeleteFunc: func(before any) { f.handle("deleted", before, nil) },
	})
	return f, err
}

func (f *follower) count(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counts[what]++
}

func (f *follower) mistake(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	f.mu.Lock()
	f.mistakes = append(f.mistakes, text)
	f.mu.Unlock()
	f.out.print(map[string]any{"kind": "mistake", "informer": f.spec.Name, "text": text})
}

// failed tells of what the reflector met.
func (f *follower) failed(err error) {
	line := map[string]any{"kind": "error", "informer": f.spec.Name, "text": err.Error()}
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		line["reason"], line["code"] = status.Status().Reason, status.Status().Code
	}
	f.count("errors")
	f.out.print(line)
}

// listed checks that a list is no older than what was asked for, and is in order.
func (f *follower) listed(options metav1.ListOptions, list *unstructured.UnstructuredList) {
	f.count("lists")
	version := list.GetResourceVersion()
	if isOlder(version, options.ResourceVersion) {
		f.mistake("a list from %s has version %s", options.ResourceVersion, version)
	}
	for _, item := range list.Items {
		if isOlder(version, item.GetResourceVersion()) {
			f.mistake("%s has version %s in a list of %s", keyOf(&item), item.GetResourceVersion(), version)
		}
	}
	f.out.print(map[string]any{
		"kind": "list", "informer": f.spec.Name, "asked": options.ResourceVersion, "version": version, "items": len(list.Items),
	})
}

// handle checks that what handlers are told follows from what they were told before.
func (f *follower) handle(what string, before, after any) {
	if gone, ok := before.(cache.DeletedFinalStateUnknown); ok {
		before = gone.Obj
	}
	object, _ := after.(*unstructured.Unstructured)
	if object == nil {
		object = before.(*unstructured.Unstructured)
	}
	key, version := keyOf(object), object.GetResourceVersion()
	f.mu.Lock()
	f.counts[what]++
	known := f.known[key]
	if what == "deleted" {
		delete(f.known, key)
	} else {
		f.known[key] = object
	}
	f.mu.Unlock()
	line := map[string]any{
		"kind": "event", "informer": f.spec.Name, "type": what, "key": key, "version": version, "uid": object.GetUID(),
	}
	if known != nil {
		line["before"] = known.GetResourceVersion()
	}
	switch {
	case known == nil && what == "deleted":
		// Who comes from another replica is told so of what it may have and was never seen in its selection here.
		f.count("strangers deleted")
	case (known == nil) != (what == "added"):
		f.mistake("%s was %s", key, what)
	}
	f.out.print(line)
}

func (f *follower) report() report {
	f.mu.Lock()
	defer f.mu.Unlock()
	result := report{
		Name: f.spec.Name, Synced: f.informer.HasSynced(), Version: f.informer.LastSyncResourceVersion(),
		Mistakes: append([]string{}, f.mistakes...), Counts: map[string]int{}, Objects: []any{},
	}
	for what, count := range f.counts {
		result.Counts[what] = count
	}
	for _, object := range f.informer.GetStore().List() {
		result.Objects = append(result.Objects, object)
	}
	return result
}

// stream is one watch, whose versions must rise.
type stream struct {
	follower *follower
	// highest version that was heard, or that the watch began with.
	highest string
	// isState says that the state at the beginning has not ended.
	isState bool
}

func (s *stream) heard(event watch.Event) (watch.Event, bool) {
	if event.Type == watch.Error {
		s.follower.failed(fmt.Errorf("an ERROR event: %w", apierrors.FromObject(event.Object)))
		return event, true
	}
	object, ok := event.Object.(*unstructured.Unstructured)
	if !ok {
		s.follower.mistake("an event with a %T", event.Object)
		return event, true
	}
	if event.Type == watch.Bookmark {
		s.follower.count("bookmarks")
	}
	_, endsState := object.GetAnnotations()[metav1.InitialEventsAnnotationKey]
	s.ordered(event.Type, object, endsState)
	return event, true
}
