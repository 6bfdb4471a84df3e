package main

import (
	"math/big"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
)

func keyOf(object *unstructured.Unstructured) string {
	return object.GetNamespace() + "/" + object.GetName()
}

// isOlder compares two versions; whatever is no number, such as "", is no version.
func isOlder(version, than string) bool {
	left, isNumber := new(big.Int).SetString(version, 10)
	right, isNumberToo := new(big.Int).SetString(than, 10)
	return isNumber && isNumberToo && left.Cmp(right) < 0
}

// ordered checks that the versions of a watch rise. The state at its beginning has versions of all times, up to that of
// the bookmark behind it.
func (s *stream) ordered(what watch.EventType, object *unstructured.Unstructured, endsState bool) {
	version := object.GetResourceVersion()
	switch {
	case version == "":
		s.follower.mistake("%s of %s has no version", what, keyOf(object))
		return
	case s.isState:
		if what != watch.Added && !endsState {
			s.follower.mistake("%s of %s in the state at the beginning", what, keyOf(object))
		}
		s.isState = !endsState
		if endsState && isOlder(version, s.highest) {
			s.follower.mistake("the state ends with %s and had %s in it", version, s.highest)
		}
	case endsState:
		s.follower.mistake("a state has ended that had not begun, at %s", version)
	case isOlder(version, s.highest), version == s.highest && what != watch.Bookmark:
		s.follower.mistake("%s of %s has version %s after %s", what, keyOf(object), version, s.highest)
	}
	if s.highest == "" || isOlder(s.highest, version) {
		s.highest = version
	}
}
