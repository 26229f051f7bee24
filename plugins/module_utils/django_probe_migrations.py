# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which migrations a database lacks, and applying them.

Runs inside the project's own interpreter; see django_probe.py for what that means.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.webops.django.plugins.module_utils.django_probe_setup import Refused, explain


def migrations(database: str, apply: bool) -> dict[str, t.Any]:
    """List the migrations that the database lacks, and apply them if asked to.

    :returns: ``pending``, names such as ``auth.0001_initial``, as they were before.
    """
    from django.core.management import call_command
    from django.db import DEFAULT_DB_ALIAS, connections

    alias = database or DEFAULT_DB_ALIAS
    if alias not in connections:
        raise Refused("no_database", f"the settings know no database {alias}; they know {', '.join(connections)}")
    try:
        pending = _pending_migrations(connections[alias], apply)
        # The command itself also sends the signals that fill content types and permissions.
        if apply and pending:
            call_command("migrate", interactive=False, verbosity=0, database=alias)
    except Exception as error:
        raise Refused("migrate_failed", f"migrations on the database {alias} fail: {explain(error)}") from error
    return {"pending": pending}


def _pending_migrations(connection: t.Any, may_write: bool) -> list[str]:
    from django.db.migrations.executor import MigrationExecutor
    from django.db.migrations.loader import MigrationLoader

    name = str(connection.settings_dict["NAME"])
    if not may_write and connection.vendor == "sqlite" and not name.startswith((":", "file:")) and not os.path.exists(name):
        # Looking would create the file; a database that does not exist lacks them all.
        graph = MigrationLoader(None).graph
        in_order = [node for leaf in graph.leaf_nodes() for node in graph.forwards_plan(leaf)]
        return [f"{app}.{migration}" for app, migration in dict.fromkeys(in_order)]
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]
