# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of every module that asks a Django project."""

from __future__ import annotations


class ModuleDocFragment:
    """Which project, which interpreter, as whom, with which environment."""

    DOCUMENTATION = r"""
options:
  project_path:
    description:
      - Folder that holds the project's C(manage.py).
      - Required, unless O(unit) names a service whose C(WorkingDirectory=) is this folder.
    type: path
    aliases: [app_path, chdir]
  unit:
    description:
      - Name of the systemd service that runs the project, such as V(shop.service). What the other options leave out is read from it.
      - systemd itself is asked with C(systemctl show), so drop-ins, specifiers and quoting are resolved. Read are C(User=), C(Group=),
        C(SupplementaryGroups=), C(WorkingDirectory=), C(Environment=), C(EnvironmentFile=), C(PassEnvironment=), C(UnsetEnvironment=),
        C(UMask=) and systemd's own environment.
      - They are what the next start of the service uses. A process that was started before a change may have others.
      - The interpreter is taken from C(ExecStart=) where it is certain, because the program is a Python itself, lies beside one in a
        virtual environment, or names one in its first line.
      - Not read are variables that options of the program set, such as C(gunicorn --env), and credentials, such as those of C(LoadCredential=).
    type: str
  python:
    description: The project's interpreter. Give this or O(virtualenv), unless O(unit) tells it.
    type: path
  virtualenv:
    description: Folder of the project's virtual environment. Give this or O(python), unless O(unit) tells it.
    type: path
  settings_module:
    description:
      - Dotted name of the settings module, as in E(DJANGO_SETTINGS_MODULE).
      - Empty for what the service's environment has in E(DJANGO_SETTINGS_MODULE), or else for what C(manage.py) names.
        C(manage.py) is run up to the point where it hands over to Django.
    type: str
    default: ''
    aliases: [settings]
  python_path:
    description: Folders that are put before the interpreter's own import path, as in E(PYTHONPATH).
    type: list
    elements: path
    default: []
  user:
    description:
      - User that the project's code is run as. It should be the user of the running service.
      - The user of O(unit), or else the user that the module runs as, if it is not given.
    type: str
  environment_file:
    description:
      - File with the service's environment variables, in the format of systemd's C(EnvironmentFile=).
      - Read as the user that the module runs as. Its variables win over those of O(unit).
    type: path
  environment:
    description: Environment variables of the service. They win over those of O(environment_file) and O(unit).
    type: dict
    default: {}
  timeout:
    description: Seconds that the project may take.
    type: int
    default: 600
notes:
  - The project's code runs with the environment of a service, not with that of the connection's shell.
requirements:
  - Python 3.9 or newer on the target.
"""
