# Ends a cluster when the process that owns it has gone, however it went, and removes the cluster's directory.
# Arguments: cluster directory, owner's process id, owner's start time (field 22 of /proc/<pid>/stat, or "-").
# It runs until the owner is gone or the cluster's directory is.
dir=$1
owner=$2
start=$3

owner_lives() {
  if [ "$start" = - ]; then
    kill -0 "$owner" 2>/dev/null
    return
  fi
  # A process id is used again: only the same start time is the same process. A zombie is dead.
  { read -r line <"/proc/$owner/stat"; } 2>/dev/null || return 1
  set -- ${line##*) }
  [ "$1" != Z ] && [ "$1" != X ] && [ "${20}" = "$start" ]
}

# Whether a process is a part of this cluster: its arguments name the directory. While a program is being loaded they
# read as empty: then "loading" is set, and the question is asked again.
belongs_here() {
  if [ ! -d "/proc/$$" ]; then
    ps -o args= -p "$1" 2>/dev/null | grep -qF "$dir/"
    return
  fi
  grep -qaF "$dir/" "/proc/$1/cmdline" 2>/dev/null && return 0
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  process=$1
  set -- ${line##*) }
  [ "$1" = Z ] || [ "$1" = X ] || grep -qa . "/proc/$process/cmdline" 2>/dev/null || loading=1
  return 1
}

while owner_lives; do
  [ -d "$dir" ] || exit 0
  sleep 0.3
done

: >"$dir/closing" 2>/dev/null || exit 0
tries=0
while [ "$tries" -lt 100 ]; do
  loading=0
  for file in "$dir"/run/*.pid; do
    { read -r pid <"$file"; } 2>/dev/null || continue
    belongs_here "$pid" && kill -9 "$pid" 2>/dev/null
  done
  # What parts have started works there, and may outlive them.
  for link in $(find /proc -mindepth 2 -maxdepth 2 -name cwd '(' -lname "$dir" -o -lname "$dir/*" ')' 2>/dev/null); do
    pid=${link#/proc/}
    pid=${pid%/cwd}
    [ "$pid" = $$ ] || kill -9 "$pid" 2>/dev/null
  done
  # A part that was just being started is caught by the next round.
  sleep 0.1
  [ "$loading" = 1 ] || rm -rf "$dir" 2>/dev/null
  [ -d "$dir" ] || exit 0
  tries=$((tries + 1))
done
exit 1
