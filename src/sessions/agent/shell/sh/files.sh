# Operations on files: a request sets R (the session's directory) and calls one of these.
export LC_ALL=C
G='%f %s %.3Y'
case $(stat -c %.3Y / 2>/dev/null) in *[0-9].[0-9]*) ;; *) G='%f %s %Y' ;; esac

# read path first-block blocks: the bytes, then what stat says.
f_read() {
  place "$1"
  regular
  [ -r "$F" ] || no access
  echo ok
  dd if="$F" bs=65536 skip="$2" count="$3" 2>/dev/null
  printf '\n%s\n' "$(stat -c "$G" -- "$F")"
}
f_stat() {
  place "$1"
  [ -e "$F" ] || why "$F"
  printf 'ok\n%s\n' "$(stat -c "$G" -- "$F")"
}
# list path depth mark: of all below, what stat says; then the links.
f_list() {
  down "$R/$1"
  [ -r "$D" ] && cd -- "$D" || no access
  echo ok
  find . -mindepth 1 -maxdepth "$2" -exec stat -c "$G %n//" {} + 2>/dev/null | head -c 50000000
  printf '%s\n' "$3"
  find . -mindepth 1 -maxdepth "$2" -type l -exec sh -c \
    'M=$1; shift; for f do printf "%s//%s%s" "$f" "$(readlink "$f")" "$M"; done' sh "$3" {} + 2>/dev/null | head -c 20000000
}
# What is to be written is in $W already, of $1 bytes; T: it in its directory.
f_stage() {
  T=$D/.write-$Q
  ( umask 077; cat "$W" > "$T" ) || { rm -f -- "$T"; sys; }
  [ "$(($(wc -c < "$T")))" -eq "$1" ] || { rm -f -- "$T"; no nospace; }
}
f_mode() {
  M=$((0$1 & 0777))
  [ "$2" = yes ] && M=$((M | (M & 0444) >> 2))
  [ "$2" = no ] && M=$((M & ~0111))
  M=$(printf %o "$M")
}
# write path mode sha256 executable size
f_write() {
  place "$1" make
  [ "$N" = . ] && no isdir
  C=no
  V=
  if [ -e "$F" ]; then
    regular
    V=$(stat -c '%a %d %i %s %Y' -- "$F") || sys
    [ "$2" = create ] && no exists
  else
    C=yes
    [ -z "$3" ] || [ "$2" = append ] || no missing
  fi
  if [ -n "$3" ] && [ "$C" = no ]; then
    [ -r "$F" ] || no access
    hash
    [ "$H" = "$3" ] || no other "$H"
  fi
  if [ "$2" = append ]; then
    if [ -n "$3" ] && [ "$C" = yes ] && [ "$3" != e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 ]; then
      no other e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    fi
    Z=0
    [ "$C" = yes ] || Z=$(($(wc -c < "$F")))
    { cat "$W" >> "$F"; } || sys
    A=$(($(wc -c < "$F")))
    [ "$A" -ge $((Z + $5)) ] || no nospace
    [ -z "$4" ] || { f_mode "$(stat -c %a -- "$F")" "$4"; chmod "$M" -- "$F" || sys; }
    H=
    [ "$A" -gt 67108864 ] || hash
    printf 'ok %s %s %s\n' "$C" "$A" "$H"
    return
  fi
  f_stage "$5"
  if [ "$C" = yes ]; then f_mode "$(printf %o $((0666 & ~0$(umask))))" "$4"; else f_mode "${V%% *}" "$4"; fi
  chmod "$M" -- "$T" || { rm -f -- "$T"; sys; }
  if [ "$2" = create ]; then
    ln -- "$T" "$F" || { rm -f -- "$T"; [ -e "$F" ] && no exists; sys; }
    rm -f -- "$T"
  else
    [ -z "$3" ] || [ "$(stat -c '%a %d %i %s %Y' -- "$F" 2>/dev/null)" = "$V" ] || { rm -f -- "$T"; no changed; }
    [ ! -d "$F" ] || { rm -f -- "$T"; no isdir; }
    mv -f -- "$T" "$F" || { rm -f -- "$T"; sys; }
  fi
  printf 'ok %s %s\n' "$C" "$5"
}
