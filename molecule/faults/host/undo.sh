#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Puts back what set_up.sh remembered, and restarts what knew something else.
set -euo pipefail
source /root/host/lib.sh

changed=
for folder in $remembered; do
  changed+=$(rsync -aHAX --checksum --delete --itemize-changes "${leave_out[@]}" "/root/snapshot$folder/" "$folder/" | sed "s#^#$folder #")$'\n'
done
if grep -q '^/etc/systemd' <<< "$changed"; then systemctl daemon-reload; fi
systemctl reset-failed
if [ -e "$touched" ] || grep -Eq '^/(srv|etc/default|etc/systemd)' <<< "$changed" || ! systemctl --quiet is-active shop; then restart_app; fi
rm -f "$touched"
systemctl restart nginx
# The first request makes Python compile what is imported late.
status / 200
status /admin/login/ 200
status /static/admin/css/base.css 200
