# Requests come by the terminal, each a line: "<id> <kind> <bytes> <code>". Code that is long comes after it, as so many bytes
# of base64. An answer is base64 between two lines that begin with $K, which nobody else knows. 3: the terminal's output, 5: its
# input. Nothing is typed before the answer, for some shells and tools take more than they need.
unset CDPATH
IFS=' 	
'
exec 3>&1 5<&0 </dev/null
[ -d "$HOME" ] && [ -w "$HOME" ] || HOME=$(pwd -P)
S=$HOME/.coder-k8s/sessions/$ID
# Whoever could put something there could be the session: these are to be this user's alone, where they are. Links are none.
FOREIGN=$(
  cd "$HOME" && find .coder-k8s .coder-k8s/sessions ".coder-k8s/sessions/$ID" -prune \
    \( ! -type d -o ! -user "$(id -u)" -o -perm -020 -o -perm -002 \) 2>/dev/null | head -n 1
)
# Nothing is done there then.
[ -z "$FOREIGN" ] || S=/dev/null
X=$S/f/$$.err
printf '\n%s r\n' "$K" >&3
while IFS= read -r L <&5; do
  I=${L%% *} L=${L#* }
  V=${L%% *} L=${L#* }
  N=${L%% *}
  if [ "$N" = 0 ]; then
    C=$(printf %b "${L#* }")
  else
    printf '\n%s r\n' "$K" >&3
    C=$(head -c "$N" <&5 | base64 -d)
  fi
  [ -z "$FOREIGN" ] || C='no foreign "$HOME/$FOREIGN"'
  T=
  # The other side takes silence for a terminal that is broken.
  [ "$V" = long ] && { (while sleep 5; do printf '\n%s k\n' "$K" >&3; done) & T=$!; }
  if [ -d "$S/f" ]; then echo > "$S/used"; else X=/dev/null; fi
  printf '\n%s b %s\n' "$K" "$I" >&3
  { eval "$C"; } 2>"$X" | base64 >&3
  [ -z "$T" ] || kill "$T"
  printf '\n%s e %s\n' "$K" "$I" >&3
done
