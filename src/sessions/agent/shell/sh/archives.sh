# Gzipped tar files of the session's directory, in a place of their own.

# Names that each end with a NUL, as lines of patterns that mean no others: a line's end in a name is any letter.
a_literal() { tr '\n\000' '\001\n' | sed -e 's/[][*?\\]/\\&/g' -e "s/$(printf '\001')/?/g"; }
a_pack() {
  command -v tar >/dev/null && command -v gzip >/dev/null || no tool tar
  umask 077
  mkdir -p "$S/spool" || sys
  cd -- "$R" || sys
  find . ! -type f ! -type d ! -type l -exec sh -c 'for f do printf "%s\0" "$f"; done' sh {} + 2>/dev/null |
    a_literal > "$S/spool/without.$Q"
  case $S/ in "$R"/*) printf '%s\0' "./${S#"$R"/}" | a_literal >> "$S/spool/without.$Q" ;; esac
  A=$S/spool/$1
  # Not every tar can leave files out.
  W=
  if [ -s "$S/spool/without.$Q" ]; then
    W=$S/spool/without.$Q
    tar -cf /dev/null -X "$W" /dev/null 2>/dev/null || no tool "tar that can leave out FIFOs and the like"
  fi
  { { tar -cf - ${W:+-X "$W"} . || echo bad > "$A.bad.$Q"; } | gzip -1 > "$A.new"; } || { rm -f "$A.new" "$A.bad.$Q"; sys; }
  rm -f "$S/spool/without.$Q"
  [ ! -e "$A.bad.$Q" ] || { rm -f "$A.new" "$A.bad.$Q"; sys; }
  mv -f "$A.new" "$A" || sys
  F=$A
  hash
  N=$(find . -type f -exec printf '%.0sx' {} + | wc -c)
  case $S/ in "$R"/*) N=$((N - $(find "$S" -type f -exec printf '%.0sx' {} + | wc -c))) ;; esac
  echo "ok $(($(wc -c < "$A"))) $((N)) $H"
}
a_read() {
  [ -e "$S/spool/$1" ] || no noent
  echo "ok $(($(wc -c < "$S/spool/$1")))"
  dd if="$S/spool/$1" bs=65536 skip="$2" count="$3" 2>/dev/null
}
# write archive offset bytes: $W goes there.
a_write() {
  umask 077
  mkdir -p "$S/spool" || sys
  F=$S/spool/$1
  [ -e "$F" ] || : > "$F" || sys
  Z=$(($(wc -c < "$F")))
  [ "$2" -le "$Z" ] || no hole "$Z"
  [ "$(($(wc -c < "$W")))" -eq "$3" ] || no nospace
  if [ "$2" -eq "$Z" ]; then
    cat "$W" >> "$F" || sys
  elif [ $(($2 + $3)) -ge "$Z" ] && [ "$(tail -c +$(($2 + 1)) "$F" | cksum)" = "$(head -c $((Z - $2)) "$W" | cksum)" ]; then
    tail -c +$((Z - $2 + 1)) "$W" >> "$F" || sys
  else
    { head -c "$2" "$F"; cat "$W"; tail -c +$(($2 + $3 + 1)) "$F"; } > "$F.new" && mv -f "$F.new" "$F" || sys
  fi
  Z=$(($(wc -c < "$F")))
  [ "$Z" -ge $(($2 + $3)) ] || no nospace
  echo "ok $Z"
}
a_drop() { rm -f "$S/spool/$1" || sys; echo ok; }
# Whether one of the names in the file $1 is below what is no directory: a link, which some tars would follow.
a_below() {
  tr '/' '\001' < "$1" |
    sed -e "s/$J$J*/$J/g" -e :a -e "s/$J\.$J/$J/" -e ta -e "s/^\.$J//" -e "s/^\.$J//" | LC_ALL=C sort -u |
    sed -n "\$!N;/^\(.*[^$J]\)\n\1$J/p;D" | grep -q .
}
# unpack archive sha256: the session's files become those of the archive, all of it or nothing.
a_unpack() {
  command -v tar >/dev/null && command -v gzip >/dev/null || no tool tar
  umask 022
  # One that was ended in the middle of the exchange below has left the files there.
  [ -d "$S/files" ] || [ ! -d "$S/old" ] || mv "$S/old" "$S/files" || sys
  F=$S/spool/$1
  [ -e "$F" ] || no noent
  hash
  [ "$H" = "$2" ] || no other "$H"
  gzip -t < "$F" 2>/dev/null || no gzip
  gzip -dc < "$F" | tar -tf - > "$S/spool/names.$Q" 2>/dev/null || { rm -f "$S/spool/names.$Q"; no tar; }
  if grep -q -e '^/' -e '^\.\.$' -e '^\.\./' -e '/\.\./' -e '/\.\.$' "$S/spool/names.$Q"; then
    rm -f "$S/spool/names.$Q"
    no path
  fi
  J=$(printf '\001')
  ! a_below "$S/spool/names.$Q" || { rm -f "$S/spool/names.$Q"; no below; }
  gzip -dc < "$F" | tar -tvf - > "$S/spool/names.$Q" 2>/dev/null
  ! cut -b 1 < "$S/spool/names.$Q" | grep -qv '[-dlh]' || { rm -f "$S/spool/names.$Q"; no kinds; }
  # Other names of files; some tars make them of any file that there is.
  if grep -qE '^[-h].* (->|link to) (/|\.\./|.*/\.\./)' "$S/spool/names.$Q"; then
    rm -f "$S/spool/names.$Q"
    no path
  fi
  rm -f "$S/spool/names.$Q"
  rm -rf "$S/new" "$S/old"
  mkdir -m 700 "$S/new" || sys
  ( cd "$S/new" && gzip -dc < "$F" | EXTRACT_UNSAFE_SYMLINKS=1 tar -xpf - ) || { chmod -R u+rwX "$S/new"; rm -rf "$S/new"; sys; }
  N=$(find "$S/new" -type f -exec printf '%.0sx' {} + | wc -c)
  chmod 700 "$S/new"
  chmod u+rwx "$R" "$S/files"
  mv "$S/files" "$S/old" && mv "$S/new" "$S/files" || { [ -d "$S/files" ] || mv "$S/old" "$S/files"; sys; }
  chmod -R u+rwX "$S/old" 2>/dev/null
  rm -rf "$S/old"
  echo "ok $((N))"
}
