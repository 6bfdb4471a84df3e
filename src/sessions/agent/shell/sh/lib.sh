# What requests are made of. Answers begin with a line "ok …" or "no <why>"; what the system said follows "no sys".
no() { printf 'no %s\n' "$*"; exit 0; }
sys() { printf 'no sys\n'; [ "$X" = /dev/null ] || cat "$X"; exit 0; }

# B: when the process $1 was started, in ticks; with its number it names it for ever.
born() {
  { read -r B < "/proc/$1/stat"; } 2>/dev/null || return 1
  B=${B##*) }
  set -- $B
  shift 19
  B=$1
}
alive() { born "$1" && [ "$B" = "$2" ]; }

# Says the answer of request $1, which is carried out by the code $2 where it was not begun before. $3: it was sent before.
once() {
  O=$S/r/$1
  if mkdir "$O" 2>/dev/null; then
    born $$
    echo "$$ $B" > "$O/p"
    ( eval "$2" ) > "$O/a.new"
    mv "$O/a.new" "$O/a"
  else
    [ -d "$O" ] || no lost
    while [ ! -e "$O/a" ]; do
      { read -r P B0 < "$O/p"; } 2>/dev/null || { sleep 1; { read -r P B0 < "$O/p"; } 2>/dev/null || no gone; }
      alive "$P" "$B0" || [ -e "$O/a" ] || no gone
      sleep 0.1 2>/dev/null || sleep 1
    done
  fi
  cat "$O/a"
}

# Takes $2 bytes of base64 from the terminal, $3 bytes of content, into the file $1. Another terminal may have begun it, too.
take() {
  printf '\n%s r\n' "$K" >&3
  ( umask 077; head -c "$2" <&5 | base64 -d > "$1.$$" ) || sys
  [ "$(($(wc -c < "$1.$$")))" -eq "$3" ] || { rm -f "$1.$$"; no nospace; }
  mv -f "$1.$$" "$1" || sys
  echo ok
}

# D: the physical directory that the path $1 names. It has to be in R.
down() {
  D=$(cd -P -- "$1" 2>/dev/null && pwd -P && echo x) || why "$1"
  D=${D%x}
  D=${D%?}
  inside
}
inside() {
  [ "$R" = / ] && return
  case $D/ in
    "$R"/*) ;;
    *) no outside ;;
  esac
}
# Why one cannot go to $1.
why() {
  A=$1
  while [ -n "$A" ] && [ "$A" != "$R" ]; do
    if [ -e "$A" ]; then
      [ -d "$A" ] || no notdir
      [ -x "$A" ] || no access
      break
    fi
    if [ -L "$A" ]; then
      H=$(ls -L -- "$A" 2>&1 >/dev/null)
      case $H in *oop* | *ymbolic\ link*) no loop ;; esac
      [ -n "$2" ] && no dangling "${A##*/}"
    fi
    A=${A%/*}
  done
  no noent
}
# D, N, F: where the path $1 below R leads, links at its end followed. $2: directories on the way are made.
place() {
  H=0
  N=.
  case $1 in
    .) D=$R F=$R; return ;;
    */*) U=$R/${1%/*} N=${1##*/} ;;
    *) U=$R N=$1 ;;
  esac
  if [ -n "$2" ] && [ ! -d "$U" ]; then
    A=$U
    while [ ! -e "$A" ] && [ ! -L "$A" ]; do A=${A%/*}; done
    [ -d "$A" ] || why "$U" make
    down "$A"
    mkdir -p -- "$U" || sys
  fi
  down "$U"
  while [ -L "$D/$N" ]; do
    H=$((H + 1))
    [ "$H" -le 40 ] || no loop
    W=$(readlink "$D/$N" && echo x) || sys
    W=${W%x}
    W=${W%?}
    while [ "$W" != / ] && [ "$W" != "${W%/}" ]; do W=${W%/}; done
    case $W in /*) ;; *) W=$D/$W ;; esac
    case $W in
      */.. | */. | /) down "$W"; N=.; break ;;
    esac
    N=${W##*/}
    W=${W%/*}
    down "${W:-/}"
  done
  F=$D/$N
  [ "$N" = . ] && F=$D
  return 0
}
# Refuses what is no regular file.
regular() {
  [ -e "$F" ] || why "$F"
  [ -d "$F" ] && no isdir
  [ -f "$F" ] || no odd
}
hash() { H=$(sha256sum < "$F") || sys; H=${H%% *}; }
