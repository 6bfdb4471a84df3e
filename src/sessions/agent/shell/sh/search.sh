# Looking through files.

# files path: all below that are not too large, each followed by a NUL. SKIP: what is passed over.
g_files() {
  export LC_ALL=C
  place "$1"
  if [ -f "$F" ]; then
    printf 'ok\n%s\0' .
    return
  fi
  [ -e "$F" ] || why "$F"
  [ -d "$F" ] || no odd
  [ -r "$F" ] && [ -x "$F" ] && cd -- "$F" || no access
  echo ok
  eval "find . $SKIP -type f -size -131073 -exec sh -c 'for f do printf \"%s\\0\" \"\$f\"; done' sh {} +" 2>/dev/null | head -c 50000000
}
# Where the files are that `files` has named: those of a directory, or the file itself.
g_at() {
  place "$1"
  if [ -f "$F" ]; then cd -- "$D" || sys; else cd -- "$F" || sys; fi
}
# scan path flags pattern file…: those of them that are text, then an empty name, then those that match.
g_scan() {
  O=$2 E=$3
  g_at "$1"
  shift 3
  [ ! -f "$F" ] || set -- "./$N"
  echo ok
  case $(grep -V 2>/dev/null | head -n 1) in
    *GNU*)
      for f do [ -s "$f" ] || [ ! -r "$f" ] || printf '%s\0' "$f"; done
      LC_ALL=C grep -lIZ -e '' -- "$@" 2>/dev/null
      printf '\0'
      LC_ALL=C.UTF-8 grep -laZ $O -e "$E" -- "$@" 2>/dev/null
      ;;
    *)
      for f do
        [ -r "$f" ] && [ "$(head -c 8192 < "$f" | tr -dc '\000' | wc -c)" -eq 0 ] && printf '%s\0' "$f"
      done 2>/dev/null
      printf '\0'
      for f do
        LC_ALL=C.UTF-8 grep -q $O -e "$E" -- "$f" 2>/dev/null && printf '%s\0' "$f"
      done
      ;;
  esac
}
# lines path flags pattern most context file…: of each, `grep -n`, then the mark.
g_lines() {
  O=$2 E=$3 M=$4 Z=$5 V=$6
  g_at "$1"
  shift 6
  [ ! -f "$F" ] || set -- "./$N"
  echo ok
  A=
  R0=$(printf '\r')
  grep -a -q -e x -- /dev/null 2>/dev/null
  [ $? -gt 1 ] || A=-a
  for f do
    # Carriage returns at the end of a line are no part of it.
    sed "s/$R0*\$//" < "$f" 2>/dev/null | LC_ALL=C.UTF-8 grep -n $A $O -m "$M" -C "$Z" -e "$E" 2>/dev/null |
      cut -b 1-70000 | head -c 4000000
    printf '\n%s\n' "$V"
  done
}
# Whether the expression $2 can be read with the flags $1. $3: it has borders of words.
g_try() {
  if [ -n "$3" ]; then
    echo 'ab a' | grep -q -E 'a\b$' && ! echo ab | grep -q -E 'a\b' && ! echo a | grep -q -E 'a\B' && echo ab | grep -q -E 'a\B' ||
      no borders
  fi
  H=$(grep $1 -e "$2" /dev/null 2>&1)
  [ $? -le 1 ] && echo ok || printf 'no expression %s\n' "$H"
}
