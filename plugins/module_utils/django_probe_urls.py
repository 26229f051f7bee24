# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the project's URLconf puts pages that need no login.

Runs inside the project's own interpreter; see django_probe.py for what that means.
"""

from __future__ import annotations


def admin_login() -> str:
    """Return the path of the admin's login page below the site's root, without the script's name; empty where there is none.

    A URLconf that cannot be imported is not told here: the pages themselves will answer with an error.
    """
    try:
        from django.urls import get_script_prefix, reverse

        path = str(reverse("admin:login"))
        prefix = str(get_script_prefix())
    except BaseException as error:  # a URLconf may even call sys.exit()
        if isinstance(error, KeyboardInterrupt):
            raise
        return ""
    return "/" + path[len(prefix) :] if path.startswith(prefix) else path
