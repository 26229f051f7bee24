# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""app_commands: command lines and titles as real servers have shown them, and such as nobody has."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.module_utils.app_commands import MASK, masked, read_command, read_more
from hypothesis import given, settings
from hypothesis import strategies as st

PYTHON = "/srv/shop/venv/bin/python3"


@pytest.mark.parametrize(
    ("line", "kind", "application"),
    [
        # A script in a virtual environment, as the kernel shows it; a worker of Gunicorn has the same words.
        (f"{PYTHON} /srv/shop/venv/bin/gunicorn -b 127.0.0.1:9101 -w 2 shop.wsgi:application", "gunicorn", "shop.wsgi:application"),
        (f"{PYTHON} /srv/shop/venv/bin/gunicorn --workers=3 --reload shop.wsgi", "gunicorn", "shop.wsgi"),
        (f"{PYTHON} -m gunicorn --preload shop.wsgi:get_app()", "gunicorn", "shop.wsgi:get_app()"),
        (f"{PYTHON} -mgunicorn -kuvicorn.workers.UvicornWorker shop.asgi:app", "gunicorn", "shop.asgi:app"),
        (f"{PYTHON} -u -X dev -Wignore -m gunicorn.app.wsgiapp shop.wsgi", "gunicorn", "shop.wsgi"),
        (f"{PYTHON} /srv/shop/venv/bin/gunicorn -c gunicorn.conf.py", "gunicorn", ""),
        (f"{PYTHON} /usr/bin/gunicorn3 --some-new-flag shop.wsgi", "gunicorn", "shop.wsgi"),
        ("/opt/shop.pex/gunicorn --bind :8000 config.wsgi", "gunicorn", "config.wsgi"),
        (f"{PYTHON} /srv/shop/venv/bin/uvicorn shop.asgi:application --port 9102 --workers 2", "uvicorn", "shop.asgi:application"),
        (f"{PYTHON} -m uvicorn --reload --uds /run/x.sock shop.asgi:application", "uvicorn", "shop.asgi:application"),
        (f"{PYTHON} /srv/shop/venv/bin/hypercorn -b 127.0.0.1:9103 shop.asgi:application -w 2", "hypercorn", "shop.asgi:application"),
        (f"{PYTHON} /srv/shop/venv/bin/daphne -p 9104 shop.asgi:application", "daphne", "shop.asgi:application"),
        ("/srv/shop/venv/bin/uwsgi --http 127.0.0.1:9105 --module shop.wsgi --master --processes 2", "uwsgi", ""),
        ("uwsgi-core --ini /etc/uwsgi/shop.ini", "uwsgi", ""),
        ("python manage.py runserver 9106", "runserver", ""),
        (f"{PYTHON} ./manage.py --settings shop.dev runserver --noreload", "runserver", ""),
        (f"{PYTHON} /srv/shop/venv/bin/django-admin runserver", "runserver", ""),
        (f"{PYTHON} -m django runserver 0:80", "runserver", ""),
        (f"{PYTHON} manage.py runserver_plus", "runserver", ""),
        (f"{PYTHON} /srv/shop/venv/bin/coverage run manage.py runserver", "runserver", ""),
        ("./manage.py runserver", "runserver", ""),
    ],
)
def test_servers(line: str, kind: str, application: str) -> None:
    command = read_command(line.split())
    assert command is not None and (command.kind, command.application) == (kind, application)


@pytest.mark.parametrize(
    "line",
    [
        "python manage.py migrate",
        "python manage.py collectstatic --noinput",
        "python manage.py",
        f"{PYTHON} /srv/shop/venv/bin/celery -A shop worker -l info",
        f"{PYTHON} -B -c from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=7, pipe_handle=9) --multiprocessing-fork",
        f"{PYTHON} -m http.server runserver",
        f"{PYTHON} -m",
        f"{PYTHON} -",
        f"{PYTHON}",
        f"{PYTHON} app.py",
        "vim gunicorn.conf.py",
        "tail -f /var/log/gunicorn",
        "grep gunicorn",
        "/bin/sh -c gunicorn shop.wsgi",
        "nginx: master process nginx",
        "",
    ],
)
def test_what_is_no_server(line: str) -> None:
    assert read_command(line.split()) is None


@pytest.mark.parametrize(
    ("title", "application", "is_worker"),
    [
        ("gunicorn: master [shop.wsgi:application]", "shop.wsgi:application", False),
        ("gunicorn: master [shop]" + "\0" * 40, "", False),
        ("gunicorn: worker [shop.wsgi]", "shop.wsgi", True),
        ("gunicorn: master [My Shop]", "", False),
    ],
)
def test_titles_of_setproctitle(title: str, application: str, is_worker: bool) -> None:
    """The name in brackets is the application, unless somebody gave another."""
    command = read_command([title])
    assert command is not None and (command.kind, command.titled) == ("gunicorn", True)
    assert (command.application, command.is_worker) == (application, is_worker)


@pytest.mark.parametrize(("title", "is_worker"), [("uWSGI master", False), ("shop uWSGI worker 1", True), ("shop uWSGI http 1", True)])
def test_titles_of_uwsgi(title: str, is_worker: bool) -> None:
    """With auto-procname, and with a prefix."""
    command = read_command([title])
    assert command is not None and (command.kind, command.titled, command.is_worker) == ("uwsgi", True, is_worker)
    assert read_command(["grep", title]) is None


def test_options_in_all_ways_of_writing() -> None:
    command = read_command(
        [PYTHON, "gunicorn", "-b", "a:1", "-bb:2", "--bind=c:3", "--bind", "d:4", "-w4", "-D", "--env", "X=1", "-eY=2", "--", "shop.wsgi"]
    )
    assert command is not None
    assert command.all("bind", "b") == ["c:3", "d:4", "a:1", "b:2"] and command.last("w") == "4" and command.last("none") == ""
    assert command.all("e", "env") == ["Y=2", "X=1"] and command.last("D") == ""
    assert (command.interpreter, command.script, command.application) == (PYTHON, "gunicorn", "shop.wsgi")


def test_more_options_come_from_a_variable_and_stand_behind() -> None:
    command = read_command([PYTHON, "gunicorn", "--bind", "a:1"])
    assert command is not None
    read_more(command, ["--bind", "b:2", "--chdir", "/srv", "shop.wsgi"])
    assert (command.last("bind"), command.last("chdir"), command.application) == ("a:1", "/srv", "shop.wsgi")


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ("gunicorn -e SECRET_KEY=hunter2 x", "gunicorn -e SECRET_KEY=* x"),
        ("gunicorn --env A=hunter2 -eB=hunter2 --env=C=hunter2", "gunicorn --env A=* -eB=* --env=C=*"),
        ("gunicorn -e DJANGO_SETTINGS_MODULE=a.b", "gunicorn -e DJANGO_SETTINGS_MODULE=a.b"),
        ("x --password hunter2 --db-password=hunter2 --api-key=hunter2 -v", "x --password * --db-password=* --api-key=* -v"),
        ("x DATABASE_PASSWORD=hunter2 AWS_SECRET=a=hunter2", "x DATABASE_PASSWORD=* AWS_SECRET=*"),
        ("x --broker amqp://me:hunter2@host/v http://host/", "x --broker amqp://me:*@host/v http://host/"),
        ("x --bind=0.0.0.0:80 --workers 2 -w2 shop.wsgi:application", "x --bind=0.0.0.0:80 --workers 2 -w2 shop.wsgi:application"),
    ],
)
def test_no_secret_is_shown(line: str, hidden: str) -> None:
    shown = " ".join(masked(line.split()))
    assert "hunter2" not in shown and shown == hidden.replace("*", MASK)


SERVER_WORDS = ["gunicorn", PYTHON, "-m", "--", "-", "-e", "--env", "=", "uwsgi", "-X"]
WORDS = st.lists(st.text(alphabet=st.characters(), max_size=12) | st.sampled_from(SERVER_WORDS))


@settings(deadline=None)
@given(WORDS)
def test_no_words_raise(words: list[str]) -> None:
    command = read_command(words)
    assert len(masked(words)) == len(words)
    if command:
        read_more(command, words)


def test_a_huge_command_line_takes_no_time_to_speak_of() -> None:
    """Each word is looked at a few times, whatever is in it."""
    words = [PYTHON, "gunicorn", *(["-e", "A=" + "x" * 1000, "a:b." * 200] * 1000)]
    assert read_command(words) and len(masked(words)) == len(words)
