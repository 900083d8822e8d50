#!/bin/sh
# Makes a certificate authority, a certificate for a teacher_server and one for its trainers (mTLS):
#   docker/make_certificates.sh FOLDER SERVER_NAME...
# SERVER_NAMEs are the host names that trainers use. Writes FOLDER/teacher and FOLDER/trainer, each
# with ca.crt, tls.crt and tls.key; existing files that are valid for ten more days are kept. The
# key of the authority is not kept: to add a certificate, delete both folders and make all again.
set -eu

readonly DAYS=365 TEN_DAYS=864000

if [ $# -lt 2 ]; then
  echo "make_certificates.sh: usage: make_certificates.sh FOLDER SERVER_NAME..." >&2
  exit 2
fi
folder=$1
shift

is_valid() {
  openssl x509 -checkend "$TEN_DAYS" -noout -in "$folder/$1/tls.crt" >/dev/null 2>&1 &&
    openssl verify -CAfile "$folder/teacher/ca.crt" "$folder/$1/tls.crt" >/dev/null 2>&1
}

serves() {
  openssl x509 -checkhost "$1" -noout -in "$folder/teacher/tls.crt" | grep -q 'does match'
}

all_are_valid() {
  is_valid teacher && is_valid trainer || return 1
  for name in "$@"; do serves "$name" || return 1; done
}

if all_are_valid "$@"; then
  echo "The certificates in $folder are kept."
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 077

new_key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

# issue WHO EXTENSIONS: into $work/WHO
issue() {
  mkdir "$work/$1"
  new_key "$work/$1/tls.key"
  openssl req -new -key "$work/$1/tls.key" -subj "/CN=distill $1" -out "$work/$1.csr"
  echo "$2" > "$work/$1.ext"
  openssl x509 -req -in "$work/$1.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -days "$DAYS" \
    -extfile "$work/$1.ext" -out "$work/$1/tls.crt" 2>/dev/null
  cp "$work/ca.crt" "$work/$1/ca.crt"
}

new_key "$work/ca.key"
openssl req -x509 -new -key "$work/ca.key" -days "$DAYS" -subj "/CN=distill CA" -out "$work/ca.crt"
alternatives=
for name in "$@"; do alternatives="${alternatives:+$alternatives,}DNS:$name"; done
issue teacher "subjectAltName=$alternatives
extendedKeyUsage=serverAuth"
issue trainer "extendedKeyUsage=clientAuth"

for who in teacher trainer; do
  mkdir -p "$folder/$who"
  for file in ca.crt tls.key tls.crt; do
    cp "$work/$who/$file" "$folder/$who/.$file"
    mv "$folder/$who/.$file" "$folder/$who/$file"
  done
done
echo "Made certificates for $* and for trainers in $folder, valid for $DAYS days."
