#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The rest of what an administrator does by hand: a database, static files, a link, a service. Then remembers it all.
set -euo pipefail
source /root/host/lib.sh

mkdir -p /etc/ssl/shop
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=shop.example.com -addext subjectAltName=DNS:shop.example.com,DNS:static.example.com \
  -keyout /etc/ssl/shop/key.pem -out /etc/ssl/shop/cert.pem 2> /dev/null
chmod 0640 /etc/default/shop
manage migrate --noinput > /dev/null
install -d -o deploy -g deploy /srv/shop/media
echo '/* uploaded */' | as deploy tee /srv/shop/media/upload.css > /dev/null
collect
rm -f /etc/nginx/sites-enabled/default
ln -sfn /etc/nginx/sites-available/shop /etc/nginx/sites-enabled/shop
systemctl daemon-reload
systemctl enable --quiet nginx shop
restart_app
systemctl restart nginx
status /static/admin/css/base.css 200
status / 200

mkdir -m 0700 /root/snapshot
for folder in $remembered; do
  mkdir -p "$folder" "/root/snapshot$folder"
  rsync -aHAX "${leave_out[@]}" "$folder/" "/root/snapshot$folder/"
done
rm -f "$touched"
