"""
Patterns of file names: `*`, `?`, `[…]`, `{a,b}`, and `**` for directories. One without a slash is for names, wherever they
are; one with a slash is for the path from the directory that is listed or searched. Takes time in proportion to pattern
and path, whatever the pattern: they come from callers.
"""
import paths

MAX_ALTERNATIVES = 64


class Glob:
    """A pattern, read once."""

    def __init__(self, pattern):
        self._alternatives = []
        for each in _braces(pattern):
            parts = [part for part in each.split("/") if part not in ("", ".")]
            if parts:
                self._alternatives.append((len(parts) == 1 and "/" not in each.rstrip("/"), [_compile(part) for part in parts]))
        if not self._alternatives:
            raise paths.FileError("invalid", "the pattern %s matches nothing: give one such as *.py or src/**/*.ts" % paths.quoted(pattern))

    def matches(self, parts):
        """Whether it matches a path, given as its names (text)."""
        return any(
            _one(pattern[0], parts[-1]) if name_only and pattern[0] is not _ANY_DEPTH else _path(pattern, parts)
            for name_only, pattern in self._alternatives
        )

    def names(self, name):
        """Whether the pattern itself has this name as one of its components, letter by letter."""
        return any(part == list(name) for _, pattern in self._alternatives for part in pattern)


def _braces(pattern):
    """All alternatives of `{a,b}`, which may lie in each other."""
    done, todo = [], [pattern]
    while todo:
        text = todo.pop()
        found = _innermost(text)
        if found is None:
            done.append(text)
        else:
            start, end = found
            todo.extend(text[:start] + each + text[end + 1:] for each in reversed(text[start + 1:end].split(",")))
        if len(done) + len(todo) > MAX_ALTERNATIVES:
            raise paths.FileError(
                "invalid", "the pattern %s has more than %d alternatives" % (paths.quoted(pattern), MAX_ALTERNATIVES)
            )
    return done


def _innermost(text):
    start = -1
    for at, each in enumerate(text):
        if each == "{":
            start = at
        elif each == "}" and start >= 0:
            return start, at
    return None


_ANY_DEPTH = ["**"]
_STAR = object()
_ANY = object()


def _compile(part):
    """Of each character: itself, any one, any number, or a set."""
    if part == "**":
        return _ANY_DEPTH
    result, at = [], 0
    while at < len(part):
        each = part[at]
        at += 1
        if each == "*":
            if not result or result[-1] is not _STAR:
                result.append(_STAR)
        elif each == "?":
            result.append(_ANY)
        elif each == "[" and "]" in part[at + 1:]:
            end = part.index("]", at + 1)
            result.append(_set(part[at:end]))
            at = end + 1
        else:
            result.append(each)
    return result


def _set(text):
    negated = text[0] in "!^" and len(text) > 1
    if negated:
        text = text[1:]
    ranges, at = [], 0
    while at < len(text):
        if at + 2 < len(text) and text[at + 1] == "-":
            ranges.append((text[at], text[at + 2]))
            at += 3
        else:
            ranges.append((text[at], text[at]))
            at += 1
    return negated, ranges


def _same(pattern, letter):
    if pattern is _ANY:
        return True
    if isinstance(pattern, tuple):
        negated, ranges = pattern
        return any(low <= letter <= high for low, high in ranges) != negated
    return pattern == letter


def _one(pattern, name):
    return _greedy(pattern, name, _STAR, _same)


def _path(pattern, parts):
    return _greedy(pattern, parts, _ANY_DEPTH, _one)


def _greedy(pattern, items, star, same):
    """Goes back to the last star only: quadratic at worst."""
    at = 0
    here = 0
    back = None
    while here < len(items):
        if at < len(pattern) and pattern[at] is star:
            back = (at, here)
            at += 1
        elif at < len(pattern) and same(pattern[at], items[here]):
            at += 1
            here += 1
        elif back is not None:
            at, here = back[0] + 1, back[1] + 1
            back = (back[0], here)
        else:
            return False
    while at < len(pattern) and pattern[at] is star:
        at += 1
    return at == len(pattern)
