#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# One line for each file of this host, but logs and what the kernel makes up, and one for each process that systemd knows.
# A change time cannot be set back, so that it stands for the content. Folders that all may write to lose their own times: who makes a
# temporary file there and removes it leaves nothing.
export LC_ALL=C
find / \( -path /proc -o -path /sys -o -path /dev -o -path /var/log -o -path /run/log -o -path /run/systemd/journal/streams -o -path /root/host -o -path /root/snapshot \) -prune \
  -o \( -path /tmp -o -path /var/tmp -o -path /run -o -path /run/lock \) -printf '%p %y %m %U %G\n' -o -printf '%p %y %m %U %G %s %T@ %C@ %l\n' | sort
for folder in /proc/[0-9]*; do
  # Field 4 is the parent, field 22 the time at which it was started. What this shell's like starts has no parent that runs here.
  { read -r line < "$folder/stat"; } 2> /dev/null || continue
  rest=${line##*) }
  set -- $rest
  [ "$2" = 0 ] && [ "${folder#/proc/}" != 1 ] && continue
  [ "$2" = $$ ] || [ "${folder#/proc/}" = $$ ] && continue
  printf 'process %s %s %s\n' "${folder#/proc/}" "${20}" "$(tr '\0' ' ' < "$folder/cmdline" 2> /dev/null)"
done
