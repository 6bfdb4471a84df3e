# Ends a session that nobody has asked for anything for $KEEP minutes.
while sleep 60; do
  [ -d "$S" ] || exit 0
  [ -n "$(find "$S/used" -mmin "-$KEEP" 2>/dev/null)" ] || { s_end >/dev/null; exit 0; }
done
