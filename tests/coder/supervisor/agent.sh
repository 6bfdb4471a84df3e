# Starts or ends the agent of a workspace; Terraform calls it as `workspace-agent start|stop NAME`. The agent is a part
# of its coderd's directory: it ends with it, and its log is beside coderd's.
# Arguments: coderd's directory, path of part.sh, the coder command, "start" or "stop", a name.
dir=$1
part_script=$2
coder=$3
action=$4
part=$5

case $action in
start)
  home=$dir/agents/$part
  mkdir -p "$home"
  # The fixed ports, and the socket, that an agent would take belong to one agent a machine. The socket is told by a
  # variable: versions before 2.30 do not know its flag.
  HOME=$home CODER_AGENT_BOUNDARY_LOG_PROXY_SOCKET_PATH=$home/boundary.sock \
    setsid sh "$part_script" "$dir" "$part" "$coder" agent --auth=token "--log-dir=$home" \
    "--script-data-dir=$home" --devcontainers-enable=false --pprof-address=127.0.0.1:0 \
    --prometheus-address=127.0.0.1:0 --debug-address=127.0.0.1:0 \
    >/dev/null 2>&1 </dev/null &
  ;;
stop)
  { read -r pid <"$dir/run/$part.pid"; } 2>/dev/null || exit 0
  grep -qaF "$dir/" "/proc/$pid/cmdline" 2>/dev/null || exit 0
  signal=TERM
  tries=0
  while kill -s "$signal" "$pid" 2>/dev/null && [ "$tries" -lt 100 ]; do
    sleep 0.05
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || signal=KILL
  done
  # How it ended is noted a moment later; then another may take its name.
  while [ ! -e "$dir/run/$part.exit" ] && [ "$tries" -lt 120 ]; do
    sleep 0.05
    tries=$((tries + 1))
  done
  ;;
*)
  echo "workspace-agent: $action is neither start nor stop" >&2
  exit 2
  ;;
esac
