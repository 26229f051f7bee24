# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What faults are made with. Sourced by the scripts beside it, and before each fault's own lines.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
umask 022
available=/etc/nginx/sites-available/shop
root=/srv/shop/staticfiles
touched=/run/host-touched
remembered="/etc/nginx /etc/systemd/system /etc/default /srv /home /var/www /var/lib/nginx"
leave_out=(--exclude=/shop/venv '--filter=-p __pycache__' '--filter=-p .gunicorn')

as() { local user=$1; shift; runuser --user="$user" -- "$@"; }

# manage.py with the environment of the service, as whoever knows about it does.
manage() { ( set -a; SHOP_HOSTS=; eval "$(sed -E 's/^([A-Z_]+)=(.*)$/\1="\2"/' /etc/default/shop)"; cd /srv/shop; as deploy venv/bin/python manage.py "$@" ); }
collect() { manage collectstatic --noinput "$@" > /dev/null; }

# Lines for the end of the settings, or of another module beside them: SETTINGS=name.
settings() { cat >> "/srv/shop/shop/${SETTINGS:-settings}.py"; }
# A file of the project, from standard input.
write() { mkdir -p "$(dirname "$1")"; cat > "$1"; chown -R deploy:deploy "$(dirname "$1")"; }
# A storage for static files, as the Django that is there wants to be told.
storage() {
  printf 'STORAGES = {"default": {"BACKEND": "django.core.files.storage.FileSystemStorage"}, "staticfiles": {"BACKEND": "%s"}}\n' "$1" | settings
}
manifest() { storage django.contrib.staticfiles.storage.ManifestStaticFilesStorage; }
middleware() { printf 'MIDDLEWARE.insert(%s, "%s")\n' "$1" "$2" | settings; }

# Restart a service and wait until it answers: at the socket of Gunicorn, or at a URL.
restart_app() {
  touch "$touched"
  systemctl daemon-reload
  systemctl restart shop
  local n
  for n in $(seq 100); do
    if [ $# -gt 0 ]; then curl --silent --output /dev/null --max-time 5 "$1" && return
    else curl --silent --output /dev/null --max-time 5 --unix-socket /run/shop/gunicorn.sock http://shop.example.com/ && return; fi
    sleep 0.1
  done
  journalctl --unit=shop --lines=20 --no-pager
  return 1
}
# What the unit runs. The environment, the user and the folder stay.
unit_runs() { sed -i "s#^ExecStart=.*#ExecStart=$*#" /etc/systemd/system/shop.service; }

# Load the configuration and wait until no worker knows the old one.
reload() {
  nginx -t -q || return 1
  local old n
  old=$(pgrep -P "$(cat /run/nginx.pid)")
  nginx -s reload
  for n in $(seq 100); do
    kill -0 $old 2> /dev/null || break
    sleep 0.05
  done
}
# The server block with another static part, which comes on standard input, and perhaps other lines in other places.
#   LISTEN, NAMES, TOP (lines before the first location), PASS (body of location /)
site() {
  cat > "$available" <<BLOCK
server {
    ${LISTEN:-listen 80;
    listen [::]:80;}
    server_name ${NAMES:-shop.example.com www.shop.example.com};
    ${TOP:-}
$(cat)
    location / {
        ${PASS:-include proxy_params;
        proxy_pass http://unix:/run/shop/gunicorn.sock;}
    }
}
BLOCK
  reload
}
TLS='listen 443 ssl;
    ssl_certificate /etc/ssl/shop/cert.pem;
    ssl_certificate_key /etc/ssl/shop/key.pem;'
# A host of its own for static files: STATIC_URL is http://static.example.com/static/. Its other lines come on standard input.
static_host() {
  echo 'STATIC_URL = "http://static.example.com/static/"' | settings
  restart_app
  cat > /etc/nginx/conf.d/static.conf <<BLOCK
server {
    listen 80;
    server_name static.example.com;
    location /static/ { alias /srv/shop/staticfiles/; $(cat) }
}
BLOCK
  reload
}
proxy='include proxy_params; proxy_pass http://unix:/run/shop/gunicorn.sock;'
enable_default() { ln -sfn /etc/nginx/sites-available/default /etc/nginx/sites-enabled/default; }

# How a client sees it. A URL's host is this host, whatever it is called.
get() {
  local url=$1; shift
  case $url in /*) url=http://shop.example.com$url ;; esac
  curl --silent --insecure --path-as-is --max-time 10 --resolve '*:80:127.0.0.1' --resolve '*:443:127.0.0.1' --resolve '*:8000:127.0.0.1' \
    --resolve '*:8080:127.0.0.1' "$@" "$url"
}
show() { get "$1" --output /dev/null --write-out "$2"; }
# "! command" would not end a script under errexit, and "grep -q" ends the pipe before all is written.
fails() { if "$@" > /dev/null 2>&1; then echo "succeeded: $*" >&2; return 1; fi; }
has() { grep "$@" > /dev/null || { echo "not there: $*" >&2; return 1; }; }
lacks() { if grep "$@"; then return 1; fi; }
expect() { [ "$1" = "$2" ] || { echo "expected '$2', got '$1': $3" >&2; return 1; }; }
status() { expect "$(show "$1" '%{http_code}')" "$2" "status of $1"; }
content_type() { expect "$(show "$1" '%{content_type}')" "$2" "type of $1"; }
# Each static file that a page names, by the page's own links.
links() { get "$1" | grep -oE '(href|src)="[^"]+\.(css|js|mjs|svg|png)"' | cut -d'"' -f2; }
served() {
  local page=${1:-/} base=${2:-http://shop.example.com} link n=0
  for link in $(links "$base$page"); do
    n=$((n + 1))
    case $link in http*) status "$link" 200 ;; //*) status "${base%%//*}$link" 200 ;; *) status "$base$link" 200 ;; esac || return 1
  done
  [ "$n" -gt 0 ] || { echo "$page names no file" >&2; return 1; }
}
