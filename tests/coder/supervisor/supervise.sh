# Starts coderd again whenever it has ended by itself, as Kubernetes would. Whoever wants it to stay down ends this first.
# Arguments: seconds before a start, path of part.sh, coderd's directory, part, program, its arguments.
delay=$1
part_script=$2
shift 2
dir=$1
part=$2
while [ -d "$dir" ] && [ ! -e "$dir/closing" ]; do
  if [ -e "$dir/run/$part.exit" ]; then
    sleep "$delay"
    sh "$part_script" "$@"
  else
    sleep 0.1
  fi
done
