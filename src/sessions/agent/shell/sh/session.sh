# Making, finding and ending a session.

# open files directory runner before watch: makes it, or finds it; R, and whether its processes have ended with the workspace.
s_open() {
  [ ! -d "$S" ] || [ -e "$S/shell" ] || no python
  for W in stty base64 dd head tail od stat find sort sha256sum readlink tr sed cut; do
    command -v $W >/dev/null || no tool $W
  done
  ( umask 077; mkdir -p "$S/p" "$S/r" "$S/f" "$S/u" && : >> "$S/shell" ) || sys
  chmod 700 "$S" || sys
  X=$S/f/$$.err
  exec 2>"$X"
  if [ "$1" = scratch ]; then
    [ -d "$S/files" ] || [ ! -d "$S/old" ] || mv "$S/old" "$S/files" || sys
    [ "$4" = 0 ] || [ -d "$S/files" ] || no nofiles "$S/files"
    ( umask 077; mkdir -p "$S/files" ) || sys
    cd "$S/files" || sys
  else
    [ -z "$2" ] || cd -- "$2" || { [ -e "$2" ] && [ ! -d "$2" ] && no notdir; [ -d "$2" ] && no access; no noent; }
  fi
  R=$(pwd -P && echo x)
  R=${R%x}
  R=${R%?}
  { read -r B0 < /proc/sys/kernel/random/boot_id; } 2>/dev/null
  born 1 || B=0
  V=$B0-$B
  W=same
  if [ "$(cat "$S/boot" 2>/dev/null)" != "$V" ]; then
    [ ! -e "$S/boot" ] || W=anew
    rm -rf "$S/p"/* "$S/r"/* "$S/u"/* "$S/f"/*.news "$S/f"/*.out
    tail -n 64 "$S/started" 2>/dev/null | sort -n | tail -n 1 > "$S/before"
    # What it was, nobody knows any more: these numbers are far from those.
    [ "$4" = 0 ] || [ -e "$S/started" ] || echo "$4" | tee "$S/started" > "$S/before"
    echo "$V" > "$S/boot"
  fi
  printf '%s\n' "$3" | base64 -d > "$S/run.$$" && mv "$S/run.$$" "$S/run" || sys
  echo > "$S/used"
  { read -r P B0 < "$S/watched"; } 2>/dev/null && alive "$P" "$B0" || {
    printf '%s\n' "$5" | base64 -d > "$S/watch" || sys
    setsid setsid sh -c 'S=$1; . "$S/watch"' sh "$S" >/dev/null 2>&1 3>&- 5>&-
  }
  find "$S/r" "$S/u" "$S/f" -mindepth 1 -maxdepth 1 -mmin +1440 -exec rm -rf {} + 2>/dev/null
  N=$(tail -n 64 "$S/started" 2>/dev/null | sort -n | tail -n 1)
  A=$(cat "$S/before" 2>/dev/null)
  printf 'ok %s %s %s\n%s' "$W" "${N:-0}" "${A:-0}" "$R"
}

# Numbers of all processes that were started in it, and have not forgotten that.
s_all() {
  case $(grep -V 2>/dev/null | head -n 1) in
    *GNU*) grep -lzxF "CODER_K8S_SESSION=$S" /proc/[0-9]*/environ 2>/dev/null | cut -d / -f 3 ;;
    *)
      for P in /proc/[0-9]*; do
        [ -r "$P/environ" ] && tr '\000' '\n' < "$P/environ" 2>/dev/null | grep -qxF "CODER_K8S_SESSION=$S" && echo "${P#/proc/}"
      done
      ;;
  esac
}

# Ends everything that was started in it, as far as it can be told, and removes its state.
s_end() {
  [ -d "$S" ] || { echo ok; return; }
  [ -e "$S/shell" ] || no python
  for round in 1 2 3; do
    any=
    for g in "$S"/p/*/g; do
      { read -r G < "$g"; } 2>/dev/null && kill -KILL "-$G" 2>/dev/null && any=1
    done
    for P in $(s_all); do
      kill -KILL "$P" 2>/dev/null && any=1
    done
    [ -n "$any" ] || break
    sleep 0.05 2>/dev/null || sleep 1
  done
  { read -r P B0 < "$S/watched"; } 2>/dev/null && [ "$P" != $$ ] && alive "$P" "$B0" && kill -KILL "-$P"
  for h in "$S"/p/*/h; do { read -r G < "$h"; } 2>/dev/null && kill "$G" 2>/dev/null; done
  chmod -R u+rwX "$S" 2>/dev/null
  X=/dev/null
  exec 2>/dev/null
  rm -rf "$S" || { sleep 1; rm -rf "$S"; }
  [ ! -d "$S" ] || no busy
  echo ok
}

# Running processes, their memory in KiB, their CPU time in hundredths of a second, KiB of the disk.
s_usage() {
  n=0 m=0 c=0
  for P in $(s_all); do
    { read -r _ r _ < "/proc/$P/statm" && read -r L < "/proc/$P/stat"; } 2>/dev/null || continue
    L=${L##*) }
    set -- $L
    shift 11
    n=$((n + 1)) m=$((m + r * 4)) c=$((c + $1 + $2))
  done
  d=0
  [ ! -d "$S/files" ] || d=$(du -sk "$S/files" 2>/dev/null | { read -r d _; echo "$d"; })
  echo "ok $n $m $c $d"
}
