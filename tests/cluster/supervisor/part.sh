# Runs one part of a cluster in the background of nobody: notes its process id, waits, notes how it ended.
# Arguments: cluster directory, part, program, its arguments.
dir=$1
part=$2
shift 2
rm -f "$dir/run/$part.exit"
"$@" >>"$dir/logs/$part.log" 2>&1 </dev/null &
child=$!
echo "$child" >"$dir/run/$part.pid.new" 2>/dev/null
mv -f "$dir/run/$part.pid.new" "$dir/run/$part.pid"
# The owner may have died while we started: then the watchdog is removing, or has removed, the directory.
if [ -e "$dir/closing" ] || [ ! -e "$dir/run/$part.pid" ]; then
  kill -9 "$child"
fi
wait "$child"
code=$?
# A successor may have been started already: what is noted now is its own.
latest=
{ read -r latest <"$dir/run/$part.pid"; } 2>/dev/null
if [ "$latest" = "$child" ]; then
  rm -f "$dir/run/$part.pid"
  { echo "$code" >"$dir/run/$part.exit"; } 2>/dev/null
fi
