# Operations on processes.

# start program cwd about block blocks kept seconds: number of the process that runs the code in the file $W.
p_start() {
  place "$2"
  [ -e "$F" ] || why "$F"
  [ -d "$F" ] || no notdir
  [ -x "$F" ] || no access
  cd -- "$F" || sys
  command -v setsid >/dev/null && command -v mkfifo >/dev/null || no setsid
  case $1 in
    */*) [ -e "$1" ] || no program; [ -f "$1" ] && [ -x "$1" ] || no denied ;;
    *) command -v -- "$1" >/dev/null || no program ;;
  esac
  N=$(tail -n 64 "$S/started" 2>/dev/null | sort -n | tail -n 1)
  N=$((${N:-0} + 1))
  until mkdir "$S/p/$N" 2>/dev/null; do
    [ -d "$S/p/$N" ] || sys
    N=$((N + 1))
  done
  echo "$N" >> "$S/started"
  cat "$W" > "$S/p/$N/c" || sys
  printf '%s\n' "$3" > "$S/p/$N/k"
  read -r T _ < /proc/uptime
  printf '%s\n' "$T" >> "$S/p/$N/k"
  # Whoever starts it follows it.
  Y=start
  set_seen "$N" 0 0
  # Twice: the second is the leader of a group already, so that it leaves a child behind, and nobody ignores SIGINT.
  setsid setsid sh "$S/run" "$S" "$N" "$4" "$5" "$6" "$7" >/dev/null 2>&1 3>&- 5>&-
  echo "ok $N"
}

# Pieces of output of process $1 from the bytes $2 and $3 on, at most $4 of each; then its end, where it has ended.
p_show() {
  cd "$S/p/$1" 2>/dev/null || { echo "g $1"; return; }
  V=
  [ ! -e x ] || read -r V < x
  for s in o e; do
    A=$2
    [ "$s" = o ] || A=$3
    M=$4
    for f in $(ls | sed -n "s/^$s\.\([0-9]*\)$/\1/p" | sort -n); do
      {
        n=$(($(wc -c < "$s.$f")))
        [ $((f + n)) -gt "$A" ] || continue
        [ "$f" -le "$A" ] || A=$f
        n=$((f + n - A))
        [ "$n" -le "$M" ] || n=$M
        [ "$n" -gt 0 ] || break
        echo "$s $1 $A $n"
        tail -c +$((A - f + 1)) | head -c "$n"
        A=$((A + n))
        M=$((M - n))
      } 2>/dev/null < "$s.$f"
    done
    [ "$M" -gt 0 ] || V=
  done
  [ -z "$V" ] || echo "x $1 $V"
}

# Who follows process $1 has had so much of its streams, now.
set_seen() {
  read -r T _ < /proc/uptime
  { echo "$2 $3 ${T%.*}${T#*.}" > "$S/p/$1/seen.$Y"; mv "$S/p/$1/seen.$Y" "$S/p/$1/seen"; } 2>/dev/null
}
# news fifo seconds most "number out err"…: what is new of these, as soon as there is any; nothing where somebody writes to the FIFO.
p_news() {
  J=$S/f/$1 Y=$1 Z=$2 M=$3
  shift 3
  for each do set_seen $each; done
  [ -p "$J.news" ] || mkfifo "$J.news" || sys
  exec 4<>"$J.news"
  now= waited=0 step=2
  while :; do
    was=$now
    now=$(for each do ls -ln "$S/p/${each%% *}"; done 2>&1)
    if [ "$now" != "$was" ]; then
      step=2
      for each do p_show $each "$M"; done > "$J.out"
      cd /
      [ ! -s "$J.out" ] || break
    elif [ $step -lt 40 ]; then step=$((step + 2)); fi
    # In fiftieths of a second.
    [ "$waited" -lt $((Z * 50)) ] || break
    ( sleep "0.$((step / 5))$((step % 5 * 2))" 2>/dev/null || sleep 1; echo t >&4 ) 3>&- 5>&- &
    waited=$((waited + step))
    read -r L <&4
    [ "$L" != poke ] || break
  done
  echo ok
  cat "$J.out" 2>/dev/null
  : > "$J.out"
}
p_poke() { [ ! -p "$S/f/$1.news" ] || echo poke 1<>"$S/f/$1.news"; }

# Of all processes: number, command, seconds since the start, whether its input is open.
p_list() {
  read -r T _ < /proc/uptime
  echo "ok $T $(tail -n 64 "$S/started" 2>/dev/null | sort -n | tail -n 1)"
  cd "$S/p" || return
  for n in *; do
    [ -e "$n/k" ] || continue
    { read -r k; read -r t; } < "$n/k"
    [ -e "$n/closed" ] || [ -e "$n/x" ] && i=closed || i=open
    echo "$n $t $i $k"
  done
}

# The process group of $1, where it runs: G.
p_group() {
  i=0
  until [ -e "$S/p/$1/g" ]; do
    [ -d "$S/p/$1" ] && [ ! -e "$S/p/$1/x" ] || no over
    [ $i -lt 200 ] || no over
    i=$((i + 1))
    sleep 0.01 2>/dev/null || sleep 1
  done
  { read -r G < "$S/p/$1/g"; } 2>/dev/null || no over
}
p_kill() {
  p_group "$1"
  kill "-$2" "-$G" 2>/dev/null || :
  echo ok
}
# Writes what is in $W to the input of $1.
p_input() {
  p_group "$1"
  cd "$S/p/$1" 2>/dev/null || no over
  [ ! -e closed ] || no closed
  rm -f "in.$Q"
  ( exec 6> i; : > "in.$Q"; cat "$W" >&6 && echo done > "in.$Q" ) &
  w=$! i=0
  while kill -0 $w 2>/dev/null; do
    [ ! -s "in.$Q" ] || break
    [ ! -e x ] || { kill $w; no over; }
    [ -e "in.$Q" ] || [ $i -lt 100 ] || { kill $w; no closed; }
    [ $i -lt 5 ] && D=0.002 || D=0.01
    [ $i -lt 100 ] || D=0.1
    sleep $D 2>/dev/null || { sleep 1; i=100; }
    i=$((i + 1))
  done
  wait $w 2>/dev/null || { [ -s "in.$Q" ] || { [ ! -e x ] || no over; no closed; }; }
  rm -f "in.$Q"
  echo ok
}
p_close() {
  { : > "$S/p/$1/closed"; } 2>/dev/null
  i=0
  until [ -e "$S/p/$1/h" ]; do
    [ -d "$S/p/$1" ] && [ ! -e "$S/p/$1/x" ] && [ $i -lt 200 ] || break
    i=$((i + 1))
    sleep 0.01 2>/dev/null || sleep 1
  done
  { read -r H < "$S/p/$1/h"; } 2>/dev/null && kill "$H"
  echo ok
}
