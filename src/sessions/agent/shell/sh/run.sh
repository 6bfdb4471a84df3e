# Runs process $2 of the session in $1: its streams go into files beside its code (`c`), its end into `x`.
# $3, $4: size and number of blocks of one piece of output; $5: how much output is kept; $6: seconds, or 0.
S=$1 bs=$3 count=$4 limit=$5 timeout=$6
d=$(pwd -P && echo x) && d=${d%x} && d=${d%?}
cd "$S/p/$2" || exit 1
mkfifo i of ef || exit 1
now() { read -r T _ < /proc/uptime && T=${T%.*}${T#*.}; }
now
began=$T

tell() { for t in "$S"/f/*.news; do [ ! -p "$t" ] || echo x 1<>"$t"; done; }
# Whether somebody who follows has seen this stream up to byte $1.
seen() {
  st=
  { read -r so se st < seen; } 2>/dev/null || return 1
  [ "$s" = o ] || so=$se
  [ "${so:-0}" -ge "$1" ]
}

# Pieces of output are files named by the number of their first byte. Each read is written at once.
pump() {
  at=0 s=$1
  set --
  while :; do
    f=$s.$at
    dd bs="$bs" count="$count" of="$f" 2>/dev/null || { : > full; cat > /dev/null; }
    n=$(($(wc -c < "$f")))
    [ "$n" -gt 0 ] || { [ "$at" -eq 0 ] || rm -f "$f"; break; }
    set -- "$@" "$at"
    at=$((at + n))
    while [ $# -gt 1 ] && [ $((at - $2)) -ge "$limit" ]; do
      i=0
      until seen "$2"; do
        [ "$i" -ne 0 ] || : > "$s.wait"
        # Who follows keeps this new; without anybody, what is old is lost.
        now
        [ -n "$st" ] && [ $((T - st)) -lt 1500 ] || break
        [ $((i % 50)) -ne 0 ] || tell
        i=$((i + 1))
        sleep 0.02 2>/dev/null || sleep 1
      done
      rm -f "$s.$1" "$s.wait"
      shift
    done
  done
  : > "$s.end"
}
pump o < of &
pump e < ef &
# Holds the input open until this is ended.
sh -c 'echo $$ > h; exec sleep 2000000000' > i &
holder=$!
if [ "$timeout" != 0 ]; then
  (
    sleep "$timeout" &
    echo $! > ts
    wait $!
    { read -r g < g; } 2>/dev/null || exit
    : > timeout
    kill -TERM "-$g"
    kill -CONT "-$g"
    sleep 2 &
    echo $! > ts
    wait $!
    kill -KILL "-$g"
  ) &
  watch=$!
fi
# Whatever it starts is known by this, for as long as it keeps it.
( export CODER_K8S_SESSION="$S"; exec setsid sh -c 'echo $$ > g.new; mv g.new g; . ./c' "$d" ) < i > of 2> ef
status=$?
now
took=$(((T - began) * 10))
[ -z "$watch" ] || { kill "$watch"; { read -r ts < ts; } && kill "$ts"; } 2>/dev/null
kill "$holder" 2>/dev/null
# What it has started may hold its streams: it is over all the same, once nothing has come for a while; what waits for who
# follows is still to come.
i=0 j=0 before=
until [ -e o.end ] && [ -e e.end ] || [ $i -ge 40 ] || [ $j -ge 1500 ]; do
  i=$((i + 1)) j=$((j + 1))
  pieces=$(echo [oe].[0-9]*)
  if [ "$pieces" != "$before" ] || [ -e o.wait ] || [ -e e.wait ]; then i=0; fi
  before=$pieces
  sleep 0.01 2>/dev/null || { sleep 1; i=$((i + 39)) j=$((j + 99)); }
done
why=-
[ ! -e full ] || why=disk
[ ! -e timeout ] || why=timeout
cpu=$(times | { read -r _; read -r u s; echo "$u,$s"; })
echo "$status $took $why $cpu" > x.new
mv x.new x
tell
rm -f i of ef c h ts g seen closed
# Of those that have ended, what is old is kept no more.
find "$S/p" -mindepth 2 -maxdepth 2 -name x -mmin +10 -exec \
  sh -c 'for x do rm -rf "${x%/x}"; done' sh {} + 2>/dev/null
